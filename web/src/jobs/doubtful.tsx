// Points or commas of a file that may be other signs than those of the data that the job learned from: what they are has to be said.

import { Refused } from "../service/requests";

export type Sign = "comma" | "point";

const DOUBT = /^(column .* has (?:points|commas) that may .*): upload this file with decimal=.*/s;

/** Of each such column, what the service says; null where the file was not refused for that alone. */
export function doubtsOf(error: unknown): string[] | null {
  const found = error instanceof Refused ? error.entries.map((each) => DOUBT.exec(each.message)?.[1]) : [];
  const doubts = found.filter((each) => each !== undefined);
  return doubts.length > 0 && doubts.length === found.length ? doubts : null;
}

/** A message without what would help in a request. */
export function withoutSign(message: string): string {
  return message.replace(DOUBT, "$1");
}

interface Props {
  name: string; // of the file
  doubts: string[];
  isBusy: boolean;
  onRead: (decimal: Sign) => void;
}

export function Doubtful({ name, doubts, isBusy, onRead }: Props) {
  return (
    <section class="problem" aria-label="Which decimal sign">
      <div role="alert">
        <p>
          <strong>{name} can be read in two ways:</strong>
        </p>
        {doubts.map((each) => (
          <p key={each}>{each}.</p>
        ))}
      </div>
      <div class="actions">
        {(["comma", "point"] as const).map((sign) => (
          <button key={sign} type="button" aria-disabled={isBusy} onClick={() => isBusy || onRead(sign)}>
            Read it with decimal {sign}s
          </button>
        ))}
      </div>
    </section>
  );
}
