// Sums and products as one writes them on paper: whoever computes with the numbers that are written gets the result that is.

import { number } from "../parts/words";
import { total } from "./trace";

const MOST_TERMS = 6;
const SHOWN = 5; // of more terms
const DIGITS = 3;
const MOST_DIGITS = 9;

export function written(value: number, digits = DIGITS): string {
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return number(value, digits + 1); // of which powers of ten take one
  return number(value, Math.max(digits, Math.ceil(Math.log10(size)))); // no digit before the point is lost
}

/** All its digits, as the data have them. */
export function exact(value: number): string {
  return String(value).replace("-", "−").replace("e+", "e").replace("e-", "e−");
}

/** The number that a reader takes from what is written. */
export function taken(text: string): number {
  return Number(text.replaceAll(",", "").replaceAll("−", "-"));
}

/** A number as it is written with so many digits, and taken from there. */
export type Taken = (value: number) => number;

export const takenWith = (digits: number): Taken => (value) => taken(written(value, digits));

export interface Digits {
  digits: number;
  equals: "=" | "≈"; // ≈ where so few digits do not give the result
}

/** As few digits of what goes in as give the result, which is written with `of` digits. */
export function digitsFor(compute: (as: Taken) => number, result: number, of = DIGITS, least = of): Digits {
  const shown = written(result, of);
  for (let digits = least; digits <= MOST_DIGITS; digits++) {
    if (written(compute(takenWith(digits)), of) === shown) return { digits, equals: "=" };
  }
  return { digits: Math.max(least, 5), equals: "≈" };
}

/** A factor or a term, in brackets where it begins with a minus. */
export function bracketed(value: number, digits = DIGITS): string {
  const text = written(value, digits);
  return text.startsWith("−") ? `(${text})` : text;
}

export function product(one: number, other: number, digits = DIGITS): string {
  return `${bracketed(one, digits)} × ${bracketed(other, digits)}`;
}

/** Of few terms all in their order, of many the largest, the largest first, and what the others come to. */
export function ranked<T>(terms: T[], sizeOf: (term: T) => number, most = MOST_TERMS, shown = SHOWN): { shown: T[]; others: T[] } {
  if (terms.length <= most) return { shown: terms, others: [] };
  const sorted = terms.toSorted((one, other) => Math.abs(sizeOf(other)) - Math.abs(sizeOf(one)));
  return { shown: sorted.slice(0, shown), others: sorted.slice(shown) };
}

/** "a × b + c × d + bias e = f", the sum written with `of` digits. */
export function sumOfProducts(ones: number[], others: number[], sum: number, of = DIGITS, bias: number | null = null): string {
  const terms = ones.map((one, index) => ({ one, other: others[index]!, value: one * others[index]! }));
  const { shown, others: left } = ranked(terms, (each) => each.value);
  const rest = total(left.map((each) => each.value));
  const { digits, equals } = digitsFor((as) => total(shown.map(({ one, other }) => as(one) * as(other))) + as(rest) + as(bias ?? 0), sum, of, DIGITS);
  const parts = shown.map(({ one, other }) => product(one, other, digits));
  if (left.length) parts.push(`${bracketed(rest, digits)} (${left.length} others, together)`);
  if (bias !== null) parts.push(`bias ${bracketed(bias, digits)}`);
  return `${parts.join(" + ")} ${equals} ${written(sum, of)}`;
}

/** "a × b = c", the product written with `of` digits. */
export function productOf(one: number, other: number, result: number, of = DIGITS): string {
  const { digits, equals } = digitsFor((as) => as(one) * as(other), result, of, DIGITS);
  return `${product(one, other, digits)} ${equals} ${written(result, of)}`;
}

const STEP_DIGITS = 4; // as sums show weights

/** A number and what a step makes of it, with as many digits as show two of the step; `by` are the step's own. */
export function stepped(before: number, step: number): { was: string; becomes: string; by: number; equals: Digits["equals"] } {
  const after = before + step;
  const least = step === 0 ? STEP_DIGITS : Math.ceil(Math.log10(Math.max(Math.abs(before), Math.abs(after)) / Math.abs(step))) + 2;
  const of = Math.max(STEP_DIGITS, Math.min(MOST_DIGITS, least));
  for (let by = STEP_DIGITS; by < STEP_DIGITS + 3; by++) {
    const { digits, equals } = digitsFor((as) => as(before) + takenWith(by)(step), after, of);
    if (equals === "=") return { was: written(before, digits), becomes: written(after, of), by, equals };
  }
  return { was: written(before, of), becomes: written(after, of), by: STEP_DIGITS, equals: "≈" };
}
