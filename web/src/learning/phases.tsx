import { momentsOf, PHASES, placeOf, type Moment, type Phase } from "./moments";
import type { Told } from "./sentences";

const LABELS: Record<Phase, string> = { forward: "Forward", loss: "Loss", backward: "Backward", step: "Step" };

interface Props {
  layers: number;
  moment: Moment;
  told: Told;
  isQuiet: boolean; // while it plays, a reader of the screen would talk without end
  onMove: (moment: Moment) => void;
}

/** The phases, and what is computed in the present one, moment by moment. */
export function Phases({ layers, moment, told, isQuiet, onMove }: Props) {
  const moments = momentsOf(layers);
  const place = placeOf(moments, moment);
  return (
    <section class="card telling" aria-label="What is computed">
      <div class="head">
        <div class="phases" role="group" aria-label="Phase">
          {PHASES.map((phase) => (
            <button key={phase} type="button" aria-pressed={moment.phase === phase} onClick={() => onMove(moments.find((each) => each.phase === phase)!)}>
              {LABELS[phase]}
            </button>
          ))}
        </div>
        <div class="actions">
          <button type="button" class="quiet" disabled={place === 0} onClick={() => onMove(moments[place - 1]!)}>
            ← Back
          </button>
          <button type="button" onClick={() => onMove(moments[(place + 1) % moments.length]!)}>
            {place + 1 < moments.length ? "Next →" : "From the start"}
          </button>
        </div>
      </div>
      <div aria-live={isQuiet ? "off" : "polite"}>
        <p>{told.what}</p>
        <p class="numbers">{told.numbers}</p>
      </div>
    </section>
  );
}
