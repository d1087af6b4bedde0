// Numbers as people type them.

import type { Point } from "../service/types";

/** What a text is as a number, by what its decimals begin with; null where it is no such number. Thousands may be separated. */
export type Readings = Record<Point, number | null>;

export function readings(text: string): Readings {
  const typed = text.trim().replaceAll("−", "-"); // as the page writes it
  return { point: read(typed, "point"), comma: read(typed, "comma") };
}

const SPACES = " '’\u00a0\u202f"; // that separate thousands, too
const MARKS: Record<Point, { mark: string; separators: string }> = {
  point: { mark: "\\.", separators: `,${SPACES}` },
  comma: { mark: ",", separators: `.${SPACES}` },
};

function read(text: string, point: Point): number | null {
  const { mark, separators } = MARKS[point];
  const isPlain = new RegExp(`^[+-]?(\\d+${mark}?\\d*|${mark}\\d+)(e[+-]?\\d+)?$`, "i").test(text);
  const isGrouped = new RegExp(`^[+-]?[1-9]\\d{0,2}([${separators}])\\d{3}(\\1\\d{3})*(${mark}\\d*)?$`).test(text);
  if (!isPlain && !isGrouped) return null;
  const bare = isPlain ? text : text.replace(new RegExp(`[${separators}]`, "g"), "");
  const value = Number(bare.replace(",", "."));
  return Number.isFinite(value) ? value : null;
}
