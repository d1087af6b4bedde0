// What is to be said of columns, in the words of the form: the service's messages tell what a request would hold.

import { adapted } from "../parts/advice";
import { count } from "../parts/words";
import type { Column, Dataset, Entry, Point } from "../service/types";

const SHOWN = 60; // characters of a name, in the service's messages
const OF_TEXTS = /if texts are meant, upload the data/;
const OF_DECIMALS = /upload the data with decimal=(comma|point)/;

/** The column that a message begins with, if it does; none where several names are shown alike. */
export function columnOf({ message }: Entry, columns: Column[]): Column | undefined {
  const found = columns.filter(({ name }) => message.startsWith(beginOf(name)));
  const longest = Math.max(...found.map(({ name }) => beginOf(name).length)); // a name may hold quotes, too
  const [column, ...others] = found.filter(({ name }) => beginOf(name).length === longest);
  return others.length === 0 ? column : undefined;
}

function beginOf(name: string): string {
  return `column "${shown(name)}"`;
}

/** Whether most of the column's cells look like numbers, but it was read as texts. */
export function isMisread(column: Column | undefined): column is Misread {
  return Boolean(column?.number_like);
}

/** With which decimal sign the cells that look like numbers are numbers, where it matters. */
export function decimalOf({ number_like: { words } }: Misread): Point | null {
  const said = /^decimal=(comma|point)/.exec(words ?? "")?.[1];
  return said === "comma" || said === "point" ? said : null;
}

export type Misread = Column & { number_like: NonNullable<Column["number_like"]> };

/** "581 of 585 cells look like numbers; the 4 others do not, such as “k.A.” (line 7)". */
export function likeness({ number_like: { cells, of, strange, examples } }: Misread, { first_line }: Dataset): string {
  const others = of - cells;
  const named = (some: typeof examples) => some.map(({ row, text }) => `“${text}” (${first_line === null ? `row ${row}` : `line ${row + first_line}`})`).join(", ");
  if (others === 0) return `all ${count(of)} cells look like numbers${strange > 0 ? `, such as “${examples[0]?.text}”` : ""}`;
  const odd = examples.slice(0, others);
  const rest = others === 1 ? `the other is ${named(odd)}` : odd.length === others ? `the others are ${named(odd)}` : `the ${count(others)} others do not, such as ${named(different(odd))}`;
  return `${count(cells)} of ${count(of)} cells look like numbers; ${rest}`;
}

/** A message of the service, with what helps in the form for what would help in a request. */
export function inTheForm(entry: Entry, dataset: Dataset, inputs: ReadonlySet<string>, canBeRead: boolean): Entry {
  const column = columnOf(entry, dataset.columns);
  if (isMisread(column)) return { ...entry, message: `${column.name} was read as texts: ${likeness(column, dataset)}` };
  if (entry.pointer === "/dataset/features" && inputs.size === 0) return { ...entry, message: "No column is ticked as an input." };
  return { ...entry, message: column ? adapted(ofDecimals(entry.message, canBeRead), helpWith(column, inputs, canBeRead), beginOf(column.name)) : entry.message };
}

/** What the reader of the file remarked; what looks like numbers is told where it can be mended. */
export function remarkOf(column: Column, inputs: ReadonlySet<string>, canBeRead: boolean): string {
  return column.warning && !isMisread(column) ? adapted(ofDecimals(column.warning, canBeRead), helpWith(column, inputs, canBeRead)) : "";
}

/** Where the signs of numbers may be meant otherwise, the form has a choice for it. */
function ofDecimals(message: string, canBeRead: boolean): string {
  return canBeRead ? message.replace(OF_DECIMALS, "choose $1 under Decimal sign") : message;
}

/** Why a file could not be read as it was said. */
export function notRead(message: string): string {
  return adapted(message, "correct them in the file, or name those that mean a missing value under Missing values");
}

function helpWith({ kind, name, warning }: Column, inputs: ReadonlySet<string>, canBeRead: boolean): string {
  if (kind === "ignored" || (kind === "number" && warning && OF_TEXTS.test(warning))) return canBeRead ? "if texts are meant, choose texts under Holds" : "";
  return inputs.has(name) ? "if it is no input, untick it" : "to take it in, tick it";
}

function different<T extends { text: string }>(cells: T[]): T[] {
  return cells.filter(({ text }, index) => cells.findIndex((each) => each.text === text) === index);
}

function shown(name: string): string {
  const characters = [...name];
  return characters.length <= SHOWN ? name : `${characters.slice(0, SHOWN - 1).join("")}…`;
}
