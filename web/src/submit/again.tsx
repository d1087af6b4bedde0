import { useEffect, useRef } from "preact/hooks";
import { EncodingChoice } from "../parts/encoding";
import { Field, TextField } from "../parts/field";
import { Problem } from "../parts/pieces";
import { COLUMNS } from "./columns";
import type { Point } from "../service/types";
import { DECIMALS, draftOf, type Decimal, type Rereading } from "./reading";
import type { Table } from "./table";

/** Reads the file again. The buttons stay in sight while one is at the columns, however many these are. */
export function ReadAgain({ table, rereading }: { table: Table; rereading: Rereading }) {
  const { draft, isWanted, isBusy, problem, change, read } = rereading;
  const again = useRef<HTMLButtonElement>(null);
  const { dataset } = table;

  // Buttons go with what they did: whoever stood on one goes on at the columns, or where it did not work at the button that tries again.
  const isFirst = useRef(true);
  useEffect(() => {
    const isLost = !isFirst.current && document.activeElement === document.body;
    isFirst.current = false;
    if (isLost) (problem ? again.current : document.getElementById(COLUMNS))?.focus({ preventScroll: true });
  }, [isWanted, problem, dataset.id]);

  if (!table.file) return <p class="soft">To have a column read otherwise, choose the file itself again.</p>;
  return (
    <>
      <TextField
        id="missing"
        label="Missing values"
        placeholder="n.a.; -999"
        help="Texts that mean a value is missing, with semicolons between them; one that holds a semicolon in quotes. Empty cells, NA, NULL, ? and - do so anyway."
        value={draft.missing}
        onType={(missing) => change({ ...draft, missing })}
        onEnter={isWanted ? read : undefined}
      />
      <div class="grid">
        <Field id="decimal" label="Decimal sign">
          {() => <DecimalChoice value={draft.decimal} found={table.decimal ? null : (dataset.reading?.decimal ?? null)} onPick={(decimal) => change({ ...draft, decimal })} />}
        </Field>
        {draft.encoding !== null && (
          <Field id="encoding" label="Written in" help="Not UTF-8; where letters look wrong, it is another.">
            {() => <EncodingChoice id="encoding" value={draft.encoding!} onPick={(encoding) => change({ ...draft, encoding })} />}
          </Field>
        )}
      </div>
      <div class={isWanted || isBusy || problem ? "again" : undefined}>
        <div aria-live="polite">{isBusy && `Reading ${table.file.name} again …`}</div>
        <Problem text={problem} />
        {isWanted && (
          <div class="actions">
            <button type="button" ref={again} aria-disabled={isBusy} onClick={read}>
              Read the file again
            </button>
            <button type="button" class="quiet" aria-disabled={isBusy} onClick={() => isBusy || change(draftOf(table))}>
              Leave it as it was
            </button>
          </div>
        )}
      </div>
    </>
  );
}

/** As the file shows it, or what it shall be. */
function DecimalChoice({ value, found, onPick }: { value: Decimal; found: Point | null; onPick: (decimal: Decimal) => void }) {
  return (
    <select id="decimal" value={value} onChange={(event) => onPick(event.currentTarget.value as Decimal)}>
      {DECIMALS.map((each) => (
        <option key={each} value={each}>
          {each === "as found" && found ? `as found: ${found}` : each}
        </option>
      ))}
    </select>
  );
}
