// Which columns become inputs: what was said of them by hand, else what the service takes by itself.

import type { Column, Dataset } from "../service/types";

export type Ticks = ReadonlyMap<string, boolean>; // by hand, by the names of columns

export const NO_TICKS: Ticks = new Map();

/** Their names, in the order of the table. */
export function inputsOf(dataset: Dataset, target: string, ticks: Ticks): ReadonlySet<string> {
  const usable = dataset.columns.filter((each) => each.kind !== "ignored" && each.name !== target);
  const leftOut = new Set(dataset.left_out);
  const isTaken = [(each: Column) => !leftOut.has(each.name), (each: Column) => each.kind !== "text", () => true].find((takes) => usable.some(takes));
  return new Set(usable.filter((each) => ticks.get(each.name) ?? isTaken?.(each)).map((each) => each.name));
}
