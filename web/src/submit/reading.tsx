// How the cells of the file are read, where that is not as they look: kinds by column, and what means a missing value.

import { useRef, useState } from "preact/hooks";
import { Problem } from "../parts/pieces";
import { told } from "../service/requests";
import { useTurns } from "../service/turns";
import type { Reading } from "../service/types";
import { COLUMNS } from "./columns";
import { TextField } from "./field";
import { AS_IT_LOOKS, readAgain, type Table } from "./table";

export type Kind = "as found" | "numbers" | "texts";
export const KINDS: Kind[] = ["as found", "numbers", "texts"];

/** What is said of the cells, as it stands in the form. */
export interface ReadingDraft {
  kinds: ReadonlyMap<string, Kind>; // of the columns that are not read as found
  missing: string;
}

const BETWEEN = ";"; // a comma may be a decimal one

export function draftOf({ reading }: Table["dataset"]): ReadingDraft {
  const { numbers, texts, missing_values } = reading ?? AS_IT_LOOKS;
  const kinds = new Map<string, Kind>([...numbers.map((each) => [each, "numbers"] as const), ...texts.map((each) => [each, "texts"] as const)]);
  return { kinds, missing: missing_values.join(`${BETWEEN} `) };
}

export function withKind(draft: ReadingDraft, column: string, kind: Kind): ReadingDraft {
  const kinds = new Map(draft.kinds).set(column, kind);
  if (kind === "as found") kinds.delete(column);
  return { ...draft, kinds };
}

function readingOf({ kinds, missing }: ReadingDraft): Reading {
  const named = (kind: Kind) => [...kinds].flatMap(([name, each]) => (each === kind ? [name] : [])).sort();
  const texts = missing.split(BETWEEN).map((each) => each.trim());
  return { numbers: named("numbers"), texts: named("texts"), missing_values: [...new Set(texts.filter(Boolean))].sort() };
}

/** Whether the table was not read so yet. */
export function isUnread(draft: ReadingDraft, dataset: Table["dataset"]): boolean {
  return JSON.stringify(readingOf(draft)) !== JSON.stringify(readingOf(draftOf(dataset)));
}

interface Props {
  table: Table;
  draft: ReadingDraft;
  onChange: (draft: ReadingDraft) => void;
  onTable: (table: Table) => void;
}

export function ReadAgain({ table, draft, onChange, onTable }: Props) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<{ text: string; of: ReadingDraft } | null>(null);
  const nextTurn = useTurns();
  const actions = useRef<HTMLDivElement>(null);
  const isWanted = isUnread(draft, table.dataset);
  if (!table.file) return <p class="soft">To have a column read otherwise, choose the file itself again.</p>;

  async function read() {
    if (isBusy) return;
    const signal = nextTurn();
    setBusy(true);
    try {
      const other = await readAgain(table, readingOf(draft), signal);
      if (!signal.aborted) end(() => onTable(other));
    } catch (error) {
      if (!signal.aborted) setProblem({ text: told(error), of: draft });
    } finally {
      if (!signal.aborted) setBusy(false);
    }
  }

  /** The buttons go with it: whoever stands on one of them goes on at the columns. */
  function end(how: () => void) {
    if (actions.current?.contains(document.activeElement)) document.getElementById(COLUMNS)?.focus();
    how();
  }

  return (
    <>
      <TextField
        id="missing"
        label="Missing values"
        placeholder="n.a.; -999"
        help="Texts that mean a value is missing, with semicolons between them. Empty cells, NA, NULL, ? and - do so anyway."
        value={draft.missing}
        onType={(missing) => onChange({ ...draft, missing })}
        onEnter={isWanted ? read : undefined}
      />
      {isWanted && (
        <div class="actions" ref={actions}>
          <button type="button" aria-disabled={isBusy} onClick={read}>
            Read the file again
          </button>
          <button type="button" class="quiet" aria-disabled={isBusy} onClick={() => isBusy || end(() => onChange(draftOf(table.dataset)))}>
            Leave it as it was
          </button>
        </div>
      )}
      <Problem text={problem?.of === draft ? problem.text : ""} />
    </>
  );
}
