// What is to be said of a file so that columns which were read as texts are numbers, and which others that would touch.

import { count, listed, number } from "../parts/words";
import { readings } from "../parts/typed";
import type { Column, Dataset, Point } from "../service/types";
import { decimalOf, type Misread } from "./remarks";
import { renaming } from "./renaming";

const MOST_TEXTS = 50; // that are named as missing values, and their characters: all stand in the address of a request
const MOST_CHARACTERS = 3000;
const NUMERAL = /^(?=.*\d)[\s\d.,'’+\-−$€£¥%]*(e[+-]?\d+)?$/i;
const CUT = "…"; // ends what the service shows of a long text

interface AsNumbers {
  odd: string[]; // texts that are no numbers, however those are written
  decimal: Point | null; // the sign that is to be said
  doubt: string; // what somebody has to look at before it is read so; else empty
}

/** `whole` is the dataset with all values of its columns. */
export function asNumbers(columns: Misread[], whole: Dataset): AsNumbers {
  const names = columns.map((each) => each.name);
  const valuesOf = (name: string) => (whole.columns.find((each) => each.name === name)?.values ?? []).map(String);
  const odd = [...new Set(columns.flatMap((each) => oddOf(each, valuesOf(each.name))))];
  const tooMuch = odd.length > MOST_TEXTS ? "many" : encodeURIComponent(odd.join("")).length > MOST_CHARACTERS ? "long" : "";
  if (tooMuch) throw new Error(`${count(odd.length)} different texts in ${listed(names)} are no numbers, too ${tooMuch} to be named as missing values; correct them in the file.`);
  const signs = new Map(columns.map((each) => [each.name, signOf(each, valuesOf(each.name))] as const));
  const of = (sign: Point) => names.filter((each) => signs.get(each) === sign);
  const areMixed = of("comma").length > 0 && of("point").length > 0;
  return {
    odd,
    decimal: areMixed ? null : (columns.map(decimalOf).find(Boolean) ?? null),
    doubt: [areMixed && differing(of("comma"), of("point")), shared(odd, whole.columns.filter((each) => !names.includes(each.name)))].filter(Boolean).join(" "),
  };
}

/** Which number columns, beside these, have become others by another decimal sign. */
export function changedBeside(columns: Misread[], before: Dataset, after: Dataset): string {
  const names = new Set(columns.map((each) => each.name));
  const called = renaming(before, after);
  const changed = before.columns.flatMap((each) => {
    const now = after.columns.find(({ name }) => name === called(each.name));
    const isSame = now && now.kind === each.kind && now.min === each.min && now.max === each.max && now.mean === each.mean;
    return each.kind !== "number" || names.has(each.name) || isSame ? [] : [`${each.name}, now ${rangeOf(each)}, would be ${now?.kind === "number" ? rangeOf(now) : "texts"}`];
  });
  if (changed.length === 0) return "";
  return `The decimal sign is that of the whole file: ${listed(changed)}. Read the file again if that is meant; else write the numbers of all columns alike in the file.`;
}

function rangeOf({ min, max }: Column): string {
  return `${number(min)} to ${number(max)}`;
}

function oddOf({ number_like: { cells, of, examples } }: Misread, values: string[]): string[] {
  const told = examples.slice(0, of - cells).map(({ text }) => text);
  const isTold = (value: string) => told.some((text) => value === text || (text.endsWith(CUT) && value.startsWith(text.slice(0, -1))));
  return values.filter((value) => isTold(value) || !NUMERAL.test(value));
}

/** The sign without which the column's texts are no numbers, or others: a point needs not to be said, but matters beside commas. */
function signOf(column: Misread, values: string[]): Point | null {
  const isPointed = (text: string) => {
    const { point, comma } = readings(text);
    return point !== null && point !== comma;
  };
  return decimalOf(column) ?? (values.some(isPointed) ? "point" : null);
}

function differing(commas: string[], points: string[]): string {
  return `${listed(commas)} ${commas.length === 1 ? "has" : "have"} decimal commas, ${listed(points)} decimal points, and the sign is that of the whole file: choose it here, or texts for one of them, or write them alike in the file.`;
}

/** What would be missing in other columns, too. */
function shared(odd: string[], others: Column[]): string {
  const sought = new Set(odd);
  const told = others.map(({ name, values }) => ({ name, found: (values ?? []).map(String).filter((each) => sought.has(each)) })).filter(({ found }) => found.length > 0);
  if (told.length === 0) return "";
  const found = new Set(told.flatMap((each) => each.found));
  const texts = odd.filter((each) => found.has(each));
  const names = listed(told.map((each) => each.name));
  return `${listed(texts.map((each) => `“${each}”`))} ${texts.length === 1 ? "is a value" : "are values"} of ${names}, too, and would be missing there as well. Read the file again if that is meant; else correct the cells in the file.`;
}
