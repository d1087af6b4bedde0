import { useEffect, useRef } from "preact/hooks";
import { Choice, Problem } from "../parts/pieces";
import { COLUMNS } from "./columns";
import { Field, TextField } from "./field";
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
        help="Texts that mean a value is missing, with semicolons between them. Empty cells, NA, NULL, ? and - do so anyway."
        value={draft.missing}
        onType={(missing) => change({ ...draft, missing })}
        onEnter={isWanted ? read : undefined}
      />
      <Field id="decimal" label="Decimal sign">
        {() => <Choice id="decimal" value={draft.decimal} options={DECIMALS} onPick={(decimal) => change({ ...draft, decimal: decimal as Decimal })} />}
      </Field>
      {isWanted && (
        <div class="again">
          <Problem text={problem} />
          <div class="actions">
            <button type="button" ref={again} aria-disabled={isBusy} onClick={read}>
              Read the file again
            </button>
            <button type="button" class="quiet" aria-disabled={isBusy} onClick={() => isBusy || change(draftOf(dataset))}>
              Leave it as it was
            </button>
          </div>
        </div>
      )}
    </>
  );
}
