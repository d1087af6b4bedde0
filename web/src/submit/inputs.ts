// Which columns become inputs: what was said of them by hand, else what the service takes by itself.

import type { Column, Dataset } from "../service/types";

export type Ticks = ReadonlyMap<string, boolean>; // by hand, by the names of columns

export const NO_TICKS: Ticks = new Map();

/** Their names, in the order of the table. */
export function inputsOf(dataset: Dataset, target: string, ticks: Ticks): ReadonlySet<string> {
  const usable = dataset.columns.filter((each) => each.kind !== "ignored" && each.name !== target);
  const rare = usable.filter((each) => hardlyRepeats(each, dataset.rows));
  const leftOut = new Set(rare.length < usable.length ? rare : []);
  return new Set(usable.filter((each) => ticks.get(each.name) ?? !leftOut.has(each)).map((each) => each.name));
}

const FEW = 50; // different texts
const LEAST_ROWS_OF_EACH = 10; // on average

/** Texts each of which would be an input: the service leaves them out where no features are named. Numbers with a few cells that are none it refuses. */
function hardlyRepeats({ kind, distinct, number_like }: Column, rows: number): boolean {
  const isMisread = number_like != null && number_like.strange > 0 && 2 * number_like.cells > number_like.of;
  const texts = distinct ?? 0;
  return kind === "text" && !isMisread && texts > FEW && LEAST_ROWS_OF_EACH * texts > rows;
}
