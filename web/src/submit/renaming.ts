// Columns by their names, where these may change: a file that is read in another encoding names them otherwise, in the same places.

import type { Dataset } from "../service/types";

type Renaming = (name: string) => string;

/** What the columns of a file are called that was read again, where they are as many as before. */
export function renaming(before: Dataset, after: Dataset): Renaming {
  if (before.columns.length !== after.columns.length) return (name) => name;
  const names = new Map(before.columns.map(({ name }, place) => [name, after.columns[place]!.name]));
  return (name) => names.get(name) ?? name;
}

export function renamed<T>(byName: ReadonlyMap<string, T>, called: Renaming): Map<string, T> {
  return new Map([...byName].map(([name, each]) => [called(name), each]));
}

/** Whether a name is the same in each encoding. */
export function isPlain(name: string): boolean {
  return /^\p{ASCII}*$/u.test(name);
}
