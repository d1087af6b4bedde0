// How the cells of the file are read, where that is not as they look: kinds by column, and what means a missing value.

import { useState } from "preact/hooks";
import { AS_IT_LOOKS } from "../service/files";
import { get, told as reason } from "../service/requests";
import { useTurns } from "../service/turns";
import type { Dataset, Point, Reading } from "../service/types";
import { asTyped, textsIn } from "./missing";
import { asNumbers, changedBeside } from "./numbers";
import { notRead, type Misread } from "./remarks";
import { isPlain, renamed, renaming } from "./renaming";
import { readAgain, type Table } from "./table";

export type Kind = "as found" | "numbers" | "texts";
export const KINDS: Kind[] = ["as found", "numbers", "texts"];

/** What is said of the cells, as it stands in the form. */
interface ReadingDraft {
  kinds: ReadonlyMap<string, Kind>; // of the columns that are not read as found
  missing: string;
  decimal: Decimal;
  encoding: string | null; // of text that is not UTF-8
}

export type Decimal = "as found" | Point;
export const DECIMALS: Decimal[] = ["as found", "comma", "point"];

export function draftOf({ dataset, decimal }: Pick<Table, "dataset" | "decimal">): ReadingDraft {
  const { numbers, texts, missing_values, encoding } = dataset.reading ?? AS_IT_LOOKS;
  const kinds = new Map<string, Kind>([...numbers.map((each) => [each, "numbers"] as const), ...texts.map((each) => [each, "texts"] as const)]);
  return { kinds, missing: asTyped(missing_values), decimal: decimal ?? "as found", encoding: encoding ?? null };
}

export function withKind(draft: ReadingDraft, column: string, kind: Kind): ReadingDraft {
  const kinds = new Map(draft.kinds).set(column, kind);
  if (kind === "as found") kinds.delete(column);
  return { ...draft, kinds };
}

function withMissing(draft: ReadingDraft, texts: string[]): ReadingDraft {
  const there = textsIn(draft.missing);
  const added = texts.filter((each) => !there.includes(each));
  return added.length === 0 ? draft : { ...draft, missing: asTyped([...there, ...added]) };
}

/** `next`, with what was changed by hand meanwhile: from `before` to `now`. */
function withChanges(next: ReadingDraft, before: ReadingDraft, now: ReadingDraft): ReadingDraft {
  const kinds = new Map(next.kinds);
  for (const name of new Set([...before.kinds.keys(), ...now.kinds.keys()])) {
    const kind = now.kinds.get(name);
    if (kind === before.kinds.get(name)) continue;
    if (kind) kinds.set(name, kind);
    else kinds.delete(name);
  }
  const isTyped = now.missing !== before.missing;
  const added = textsIn(next.missing).filter((each) => !textsIn(before.missing).includes(each));
  return {
    kinds,
    missing: isTyped ? withMissing(now, added).missing : next.missing,
    decimal: now.decimal === before.decimal ? next.decimal : now.decimal,
    encoding: now.encoding === before.encoding ? next.encoding : now.encoding,
  };
}

/** `draft`, after its table was read as `other`. */
function withNames(draft: ReadingDraft, table: Table, other: Table): ReadingDraft {
  return { ...draft, kinds: renamed(draft.kinds, renaming(table.dataset, other.dataset)) };
}

function readingOf(draft: ReadingDraft): Reading {
  const named = (kind: Kind) => [...draft.kinds].flatMap(([name, each]) => (each === kind ? [name] : [])).sort();
  return {
    numbers: named("numbers"),
    texts: named("texts"),
    missing_values: textsIn(draft.missing).sort(),
    ...(draft.decimal === "as found" ? {} : { decimal: draft.decimal }),
    ...(draft.encoding === null ? {} : { encoding: draft.encoding }),
  };
}

/** Whether the table was not read so yet. */
function isUnread(draft: ReadingDraft, table: Table): boolean {
  return JSON.stringify(readingOf(draft)) !== JSON.stringify(readingOf(draftOf(table)));
}

/** As the draft says. What it says of columns whose names another encoding may change is said once these are known. */
async function readAs(draft: ReadingDraft, table: Table, signal: AbortSignal): Promise<Table> {
  const isOtherwise = draft.encoding !== draftOf(table).encoding;
  const kinds = new Map([...draft.kinds].filter(([name]) => !isOtherwise || isPlain(name)));
  const other = await readAgain(table, readingOf({ ...draft, kinds }), signal);
  return kinds.size === draft.kinds.size ? other : readAgain(table, readingOf(withNames(draft, table, other)), signal);
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

/** What is to be read, and what somebody has to look at before that; `doubtOf` tells it of the table as it was read. */
interface Wanted {
  draft: ReadingDraft;
  doubt: string;
  doubtOf: (dataset: Dataset) => string;
}

/** `onTable` gets the table as it was read anew. */
export function useRereading(table: Table, onTable: (table: Table) => void): Rereading {
  const [draft, setDraft] = useState(() => draftOf(table));
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const nextTurn = useTurns();

  async function read(find: (signal: AbortSignal) => Promise<Wanted>) {
    if (isBusy) return;
    const signal = nextTurn();
    let next = draft;
    let told = "";
    let read = table;
    setBusy(true);
    setProblem("");
    try {
      const wanted = await find(signal);
      next = wanted.draft;
      told = wanted.doubt;
      if (!told) {
        const other = await readAs(next, table, signal);
        told = wanted.doubtOf(other.dataset);
        if (signal.aborted) return;
        if (!told) {
          next = draftOf(other); // as the service has understood it
          read = other;
          onTable(other);
        }
      }
    } catch (error) {
      told = notRead(reason(error));
    }
    if (signal.aborted) return;
    setDraft((now) => (now === draft ? next : withChanges(next, withNames(draft, table, read), withNames(now, table, read))));
    setProblem(told);
    setBusy(false);
  }

  /** Said for all columns, what makes numbers of these may make others of others: then it stays in the form to be looked at. */
  async function asNumbersSaid(columns: Misread[], signal: AbortSignal): Promise<Wanted> {
    const whole = await get<Dataset>(`/v1/datasets/${table.dataset.id}?values=all`, signal);
    const { odd, decimal, doubt } = asNumbers(columns, whole);
    const signed = { ...draft, decimal: decimal ?? draft.decimal };
    return {
      draft: withMissing(columns.reduce((changed, { name }) => withKind(changed, name, "numbers"), signed), odd),
      doubt,
      doubtOf: (dataset) => changedBeside(columns, table.dataset, dataset),
    };
  }

  return {
    draft,
    isWanted: isUnread(draft, table),
    isBusy,
    problem,
    change: (draft) => {
      setProblem("");
      setDraft(draft);
    },
    read: () => read(async () => ({ draft, doubt: "", doubtOf: () => "" })),
    readAsNumbers: (columns) => read((signal) => asNumbersSaid(columns, signal)),
  };
}
