// What somebody typed, read as the table of the job writes its numbers.

import { readings } from "../parts/typed";
import type { Column, Point } from "../service/types";

interface Typed {
  value: number;
  told: string; // how it is read, where that is not plain to see; else empty
}

/** The number, or null where it is none. `point` is how the table writes decimals, null where nobody knows. */
export function typedNumber(text: string, point: Point | null, { min, max }: Pick<Column, "min" | "max">): Typed | null {
  const typed = text.trim().replaceAll("−", "-");
  const { point: points, comma: commas } = readings(typed);
  const found = points ?? commas;
  if (found === null) return null;
  if (points === null || commas === null || points === commas) {
    const isPlain = !typed.includes(",") && !SEPARATED.test(typed);
    return { value: found, told: isPlain || (point === "comma" && !SEPARATED.test(typed)) ? "" : `is read as ${found}` };
  }
  if (point !== null) {
    const value = point === "comma" ? commas : points;
    return { value, told: Math.abs(value) === Math.max(Math.abs(points), Math.abs(commas)) ? `is read as ${value}` : "" };
  }
  const isUsual = (value: number) => min !== null && max !== null && min <= value && value <= max;
  const [small, large] = Math.abs(points) < Math.abs(commas) ? [points, commas] : [commas, points];
  const [value, other] = isUsual(large) && !isUsual(small) ? [large, small] : [small, large];
  return { value, told: `is read as ${value}; ${other === large ? `type ${other} if that is meant` : `if ${other} is meant, type ${other}${/\.\d{3}$/.test(String(other)) ? "0" : ""}`}` };
}

/** A number of the table as the table writes it. */
export function written(value: unknown, point: Point | null): string {
  const text = String(value ?? "");
  return typeof value === "number" && point === "comma" ? text.replace(".", ",") : text;
}

const SEPARATED = /\d[.,]\d{3}[.,]\d|\d[ '’\u00a0\u202f]\d/;
