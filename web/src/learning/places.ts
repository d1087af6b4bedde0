// Where the nodes of a drawing stand, in pixels of the page: on a phone names stand above their nodes, elsewhere beside them.

import { useEffect, useRef, useState } from "preact/hooks";

const NARROW = 560;
const TOP = 34; // for the titles
const FOOT = 14;
const TALLEST = 640;
const PILL = { width: 50, height: 24 };

export interface Places {
  width: number;
  height: number;
  isNarrow: boolean;
  hasValues: (column: number) => boolean; // whether numbers find room in its nodes
  node: (column: number) => { width: number; height: number };
  widest: number; // of the lines
  x: (column: number) => number;
  y: (column: number, place: number) => number;
  isNamed: (column: number) => boolean;
  isNoted: (column: number) => boolean;
}

export function placesOf(sizes: number[], width: number): Places {
  const isNarrow = width < NARROW;
  const last = sizes.length - 1;
  const tallest = Math.max(...sizes);
  const inside = Math.min(TALLEST, Math.max(tallest * (isNarrow ? 44 : 38), 150));
  const side = isNarrow ? PILL.width / 2 + 2 : Math.min(150, width * 0.2);
  const gap = (width - 2 * side) / Math.max(1, last);
  const step = (column: number) => Math.min(64, inside / sizes[column]!);
  const hasValues = (column: number) => gap >= PILL.width + 20 && step(column) >= 20;
  return {
    width,
    height: inside + TOP + FOOT,
    isNarrow,
    hasValues,
    node: (column) => {
      if (hasValues(column)) return { width: PILL.width, height: Math.min(PILL.height, step(column) * 0.86) };
      const size = Math.max(7, Math.min(20, step(column) * 0.76));
      return { width: size, height: size };
    },
    widest: Math.max(1.6, Math.min(4.8, (inside / tallest) * 0.14)),
    x: (column) => side + column * gap,
    y: (column, place) => TOP + inside / 2 + (place - (sizes[column]! - 1) / 2) * step(column),
    isNamed: (column) => (column === 0 || column === last) && step(column) >= (isNarrow ? 38 : 16),
    isNoted: (column) => step(column) >= (isNarrow ? 58 : 30),
  };
}

/** The width of an element, as it is laid out; null before it is. */
export function useWidth(): [{ current: HTMLDivElement | null }, number | null] {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState<number | null>(null);
  useEffect(() => {
    const look = () => setWidth(element.current?.clientWidth ?? null);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
