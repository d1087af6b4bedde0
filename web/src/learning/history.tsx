// The loss of one row over the epochs that were looked at.

import { number } from "../parts/words";

const WIDTH = 600;
const HEIGHT = 54;
const EDGE = 6;

interface Props {
  epochs: number[];
  epoch: number;
  losses: ReadonlyMap<number, number>; // by epoch
}

/** A line of as many points as are known; the text beside it says the present one. */
export function History({ epochs, epoch, losses }: Props) {
  const known = epochs.flatMap((each, place) => (losses.has(each) ? [{ epoch: each, place, loss: losses.get(each)! }] : []));
  if (known.length < 2) return null;
  const most = Math.max(...known.map((each) => each.loss)) || 1;
  const x = (place: number) => EDGE + (place * (WIDTH - 2 * EDGE)) / (epochs.length - 1);
  const y = (loss: number) => HEIGHT - EDGE - (loss / most) * (HEIGHT - 2 * EDGE);
  const [first, last] = [known[0]!, known.at(-1)!];
  return (
    <>
      <p class="soft history-of" aria-hidden="true">
        Loss of this row: {number(first.loss, 3)} → {number(last.loss, 3)}
      </p>
      <svg
        class="history"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`The loss of this row: ${number(first.loss, 3)} at epoch ${first.epoch}, ${number(last.loss, 3)} at epoch ${last.epoch}`}
      >
        <polyline points={known.map((each) => `${x(each.place).toFixed(1)},${y(each.loss).toFixed(1)}`).join(" ")} />
        {known
          .filter((each) => each.epoch === epoch)
          .map((each) => (
            <line key={each.epoch} x1={x(each.place)} x2={x(each.place)} y1={y(each.loss)} y2={HEIGHT} />
          ))}
      </svg>
    </>
  );
}
