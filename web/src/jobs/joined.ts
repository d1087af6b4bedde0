// The predictions of a table as a file: beside the rows of its CSV, or else with the rows' numbers.

import type { Point } from "../service/types";
import { delimiterOf, fieldAs, fieldsOf, Records } from "./records";

const STEP = 4096; // records that are put together at once

export interface Joined {
  file: Blob;
  isBeside: boolean; // whether the table's own rows stand in it
  names: string[]; // of what is predicted, as the service tells them
  first: string[][];
}

interface Wanted {
  rows: number;
  shown: number; // the first rows, which the page shows
  targets: number; // columns that are predicted; behind them stand probabilities
  point: Point | null; // how the table writes decimals
}

/** Puts `answer`, the service's CSV, beside the rows of the table, as they come; so there is never more than a piece of it in memory. */
export async function joined(answer: ReadableStream<Uint8Array>, table: Blob | null, { rows, shown, targets, point }: Wanted): Promise<Joined> {
  const predictions = new Records(answer);
  const names = fieldsOf((await predictions.takeAll(1))[0] ?? "");
  const areNumbers = names.length === targets;
  const isBeside = table !== null && (await recordsOf(table)) === rows + 1;
  const own = isBeside ? new Records(table.stream()) : null;
  const head = own ? (await own.takeAll(1))[0]! : "row";
  const delimiter = own ? delimiterOf(head) : ",";
  const hasCommas = own !== null && delimiter !== "," && point === "comma";
  const cell = (text: string, place: number) => fieldAs(hasCommas && (areNumbers || place >= targets) ? text.replace(".", ",") : text, delimiter);
  const titles = names.map((each, place) => fieldAs(place < targets ? `predicted_${each}` : each, delimiter));
  const pieces: Blob[] = [new Blob([[head, ...titles].join(delimiter), "\r\n"])];
  const first: string[][] = [];
  for (let row = 0; ; ) {
    const found = await predictions.take(STEP);
    if (found.length === 0) {
      if (row !== rows) throw new Error(`The answer ended after ${row} of ${rows} rows. Try it again.`);
      return { file: new Blob(pieces, { type: "text/csv" }), isBeside, names, first };
    }
    const before = own ? await own.takeAll(found.length) : found.map((_, place) => String(row + place));
    const cells = found.map((each) => fieldsOf(each));
    first.push(...cells.slice(0, shown - first.length));
    pieces.push(new Blob([cells.map((each, place) => `${[before[place], ...each.map(cell)].join(delimiter)}\r\n`).join("")]));
    row += found.length;
  }
}

/** How many records a file of CSV has; none where it is not UTF-8. */
async function recordsOf(table: Blob): Promise<number> {
  try {
    const records = new Records(table.stream());
    let count = 0;
    for (let more; (more = await records.take(Infinity)).length > 0; ) count += more.length;
    return count;
  } catch {
    return 0;
  }
}
