// Sums and products as one writes them on paper.

import { number } from "../parts/words";
import { total } from "./trace";

const MOST_TERMS = 5;
const DIGITS = 3;

export function written(value: number): string {
  return number(value, Math.abs(value) < 1e-3 ? DIGITS + 1 : DIGITS); // of which powers of ten take one
}

/** A number and what a step makes of it, with as many digits as show two of the step. */
export function stepped(before: number, step: number): [string, string] {
  const most = Math.max(Math.abs(before), Math.abs(before + step));
  const digits = step === 0 ? DIGITS : Math.max(DIGITS, Math.min(9, Math.ceil(Math.log10(most / Math.abs(step))) + 2));
  return [number(before, digits), number(before + step, digits)];
}

/** A factor or a term, in brackets where it begins with a minus. */
export function bracketed(value: number): string {
  const text = written(value);
  return text.startsWith("−") ? `(${text})` : text;
}

export function product(one: number, other: number): string {
  return `${bracketed(one)} × ${bracketed(other)}`;
}

/** Σ one · other; of many terms the largest, and what the others come to. */
export function sumOfProducts(ones: number[], others: number[]): string {
  const terms = ones.map((one, index) => ({ index, value: one * others[index]! }));
  if (terms.length <= MOST_TERMS + 1) return terms.map(({ index }) => product(ones[index]!, others[index]!)).join(" + ");
  const sorted = terms.toSorted((one, other) => Math.abs(other.value) - Math.abs(one.value));
  const shown = sorted.slice(0, MOST_TERMS).sort((one, other) => one.index - other.index);
  const rest = sorted.slice(MOST_TERMS);
  return `${shown.map(({ index }) => product(ones[index]!, others[index]!)).join(" + ")} + ${rest.length} smaller products that make ${bracketed(total(rest.map((each) => each.value)))}`;
}
