// The predictions of a table as a file: beside the rows of its CSV, or else with the rows' numbers.

import { check } from "../service/files";
import type { Entry } from "../service/types";
import { Answer, labelOf, type About, type Prediction } from "./answer";
import type { Value } from "./learned";
import { fieldAs, fieldsOf, MARK, Records } from "./records";
import { written } from "./typed";

const STEP = 4096; // rows that are put together at once

export const SHOWN = 10; // of the first rows, by the page

export interface Joined {
  file: Blob;
  isBeside: boolean; // whether the table's own rows stand in it
  about: About;
  first: Prediction[];
  columns: string[]; // of the table's own rows, where they stand beside
  cells: string[][]; // of the first ones, as they stand
  warnings: Entry[];
}

/** Puts `answer`, the service's JSON, beside the rows of the table; of both there is never more than a piece in memory. */
export async function joined(answer: Blob, table: File | null, signal: AbortSignal): Promise<Joined> {
  const beside = table && (await put(await Answer.begun(answer), table, signal));
  return beside ? { ...beside, isBeside: true } : { ...(await put(await Answer.begun(answer), null, signal))!, isBeside: false };
}

/** Null where the table's rows cannot be told apart here, or are not as many as the service found. */
async function put(predictions: Answer, table: File | null, signal: AbortSignal): Promise<Omit<Joined, "isBeside"> | null> {
  const { about } = predictions;
  const { targets, classes, reading } = about;
  const own = table && (await readable(table, () => new Records(table.stream(), reading.encoding)));
  const taken = (count: number) => readable(table!, () => own!.takeAll(count));
  const head = own ? (await taken(1))?.[0] : "row";
  if ((table && !own) || head === undefined) return null;
  const delimiter = own?.delimiter ?? ",";
  const columns = own ? fieldsOf(head, delimiter) : [];
  const cell = (value: Value | undefined) => fieldAs(written(value, own ? (reading.decimal ?? null) : null), delimiter);
  let labels: string[] = [];
  let begin: string[] = [];
  const pieces: Blob[] = [];
  const first: Prediction[] = [];
  const cells: string[][] = [];
  for (let row = 0; ; ) {
    const found = await predictions.take(STEP);
    signal.throwIfAborted();
    if (row === 0) {
      labels = labelsOf(found[0], classes ?? targets);
      const names = [...targets.map((each) => `predicted_${each}`), ...labels.map((each) => `probability_${each}`)];
      const mark = own && (reading.encoding || own.isMarked) ? MARK : "";
      begin = [[`${mark}${head}`, ...fresh(names, columns).map((each) => fieldAs(each, delimiter))].join(delimiter)];
    }
    const before = own ? await taken(found.length) : found.map((_, place) => String(row + place));
    if (before?.length !== found.length) return null;
    if (own) cells.push(...before.slice(0, SHOWN - cells.length).map((each) => fieldsOf(each, delimiter)));
    first.push(...found.slice(0, SHOWN - first.length));
    const predicted = ({ values, probabilities }: Prediction) => [...targets.map((each) => values[each]), ...labels.map((each) => probabilities?.[each])].map(cell);
    const lines = [...begin, ...found.map((each, place) => [before[place], ...predicted(each)].join(delimiter))];
    begin = [];
    pieces.push(new Blob(lines.map((each) => `${each}\r\n`)));
    row += found.length;
    if (found.length < STEP) break;
  }
  if (own && (await taken(1))?.length !== 0) return null;
  return { about, file: new Blob(pieces, { type: "text/csv" }), first, columns, cells, warnings: predictions.warnings };
}

/** What is read of the table; null where it is no text of its encoding. Throws where the file is gone. */
async function readable<Found>(table: File, read: () => Found | Promise<Found>): Promise<Found | null> {
  try {
    return await read();
  } catch {
    await check(table, table.name);
    return null;
  }
}

/** Of what there are probabilities, in the order of the classes; in an object numbers would come first. */
function labelsOf({ probabilities = {} }: Prediction = { values: {} }, known: Value[]): string[] {
  const found = Object.keys(probabilities);
  const inOrder = known.map((each) => labelOf(each, probabilities)).filter((each) => Object.hasOwn(probabilities, each));
  return inOrder.length === found.length ? inOrder : found;
}

/** The names, with numbers where the table has them already, as one that was predicted before. */
function fresh(names: string[], there: string[]): string[] {
  const taken = new Set(there);
  return names.map((name) => {
    let found = name;
    for (let number = 2; taken.has(found); number++) found = `${name}_${number}`;
    taken.add(found);
    return found;
  });
}
