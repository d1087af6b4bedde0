// How the cells of the file are read, where that is not as they look: kinds by column, and what means a missing value.

import { useState } from "preact/hooks";
import { told } from "../service/requests";
import { useTurns } from "../service/turns";
import type { Reading } from "../service/types";
import { oddTexts } from "./misread";
import { decimalOf, notRead, type Misread } from "./remarks";
import { AS_IT_LOOKS, readAgain, type Table } from "./table";

export type Kind = "as found" | "numbers" | "texts";
export const KINDS: Kind[] = ["as found", "numbers", "texts"];

/** What is said of the cells, as it stands in the form. */
export interface ReadingDraft {
  kinds: ReadonlyMap<string, Kind>; // of the columns that are not read as found
  missing: string;
  decimal: Decimal;
}

export type Decimal = "as found" | "comma" | "point";
export const DECIMALS: Decimal[] = ["as found", "comma", "point"];

const BETWEEN = ";"; // a comma may be a decimal one

export function draftOf({ reading }: Table["dataset"]): ReadingDraft {
  const { numbers, texts, missing_values, decimal } = reading ?? AS_IT_LOOKS;
  const kinds = new Map<string, Kind>([...numbers.map((each) => [each, "numbers"] as const), ...texts.map((each) => [each, "texts"] as const)]);
  return { kinds, missing: joined(missing_values), decimal: decimal ?? "as found" };
}

export function withKind(draft: ReadingDraft, column: string, kind: Kind): ReadingDraft {
  const kinds = new Map(draft.kinds).set(column, kind);
  if (kind === "as found") kinds.delete(column);
  return { ...draft, kinds };
}

function withMissing(draft: ReadingDraft, texts: string[]): ReadingDraft {
  return { ...draft, missing: joined([...new Set([...missingOf(draft), ...texts])]) };
}

function joined(texts: string[]): string {
  return texts.join(`${BETWEEN} `);
}

function missingOf({ missing }: ReadingDraft): string[] {
  const texts = missing.split(BETWEEN).map((each) => each.trim());
  return [...new Set(texts.filter(Boolean))];
}

function readingOf(draft: ReadingDraft): Reading {
  const named = (kind: Kind) => [...draft.kinds].flatMap(([name, each]) => (each === kind ? [name] : [])).sort();
  return { numbers: named("numbers"), texts: named("texts"), missing_values: missingOf(draft).sort(), ...(draft.decimal === "as found" ? {} : { decimal: draft.decimal }) };
}

/** Whether the table was not read so yet. */
function isUnread(draft: ReadingDraft, dataset: Table["dataset"]): boolean {
  return JSON.stringify(readingOf(draft)) !== JSON.stringify(readingOf(draftOf(dataset)));
}

export interface Rereading {
  draft: ReadingDraft;
  isWanted: boolean; // whether the draft says otherwise than the table was read
  isBusy: boolean;
  problem: string;
  change: (draft: ReadingDraft) => void;
  read: () => void; // as the draft says
  readAsNumbers: (columns: Misread[]) => void; // these too, and what is none in them as missing
}

/** `onTable` gets the table as it was read anew. */
export function useRereading(table: Table, onTable: (table: Table) => void): Rereading {
  const [draft, setDraft] = useState(() => draftOf(table.dataset));
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<{ text: string; of: ReadingDraft } | null>(null);
  const nextTurn = useTurns();

  async function read(wanted: (signal: AbortSignal) => Promise<ReadingDraft>) {
    if (isBusy) return;
    const signal = nextTurn();
    let found = draft;
    setBusy(true);
    try {
      found = await wanted(signal);
      const other = await readAgain(table, readingOf(found), signal);
      if (signal.aborted) return;
      setDraft(draftOf(other.dataset)); // as the service has understood it
      onTable(other);
    } catch (error) {
      if (signal.aborted) return;
      setDraft(found);
      setProblem({ text: notRead(told(error)), of: found });
    } finally {
      if (!signal.aborted) setBusy(false);
    }
  }

  return {
    draft,
    isWanted: isUnread(draft, table.dataset),
    isBusy,
    problem: problem?.of === draft ? problem.text : "",
    change: setDraft,
    read: () => read(async () => draft),
    readAsNumbers: (columns) =>
      read(async (signal) => {
        const odd = await oddTexts(columns, table.dataset, signal);
        const signs = new Set(columns.map(decimalOf));
        const decimal = (signs.size === 1 ? [...signs][0] : null) ?? draft.decimal; // it is that of all columns
        return withMissing(columns.reduce((changed, { name }) => withKind(changed, name, "numbers"), { ...draft, decimal }), odd);
      }),
  };
}
