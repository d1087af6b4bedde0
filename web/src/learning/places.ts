// Where the nodes of a drawing stand, in pixels of the page: on a phone names stand above their nodes, elsewhere beside them.

import { useEffect, useRef, useState } from "preact/hooks";

const NARROW = 560;
const TOP = 34; // for the titles
const FOOT = 14;
const TALLEST = 640;
const APART = 6; // a name and the nodes beside it
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
  hasLines: (column: number) => boolean; // whether there is room for more than a name
  room: (column: number) => number; // for a line of text beside the first or last column
}

/** `texts` are the widths that what stands beside the first and the last column would like to have. */
export function placesOf(sizes: number[], width: number, texts: { first: number; last: number }): Places {
  const isNarrow = width < NARROW;
  const last = sizes.length - 1;
  const tallest = Math.max(...sizes);
  const inside = Math.min(TALLEST, Math.max(tallest * (isNarrow ? 60 : 38), 150));
  const beside = (text: number) => (isNarrow ? PILL.width / 2 + 2 : Math.min(text + PILL.width / 2 + 2 * APART, width * 0.28));
  const [left, right] = [beside(texts.first), beside(texts.last)];
  const gap = (width - left - right) / Math.max(1, last);
  const step = (column: number) => Math.min(64, inside / sizes[column]!);
  const hasValues = (column: number) => gap >= PILL.width + 20 && step(column) >= 20;
  const node = (column: number) => {
    if (hasValues(column)) return { width: PILL.width, height: Math.min(PILL.height, step(column) * 0.86) };
    const size = Math.max(7, Math.min(20, step(column) * 0.76));
    return { width: size, height: size };
  };
  const next = (column: number) => (last > 1 ? gap + PILL.width / 2 - node(column).width / 2 : (gap + PILL.width) / 2);
  return {
    width,
    height: inside + TOP + FOOT,
    isNarrow,
    hasValues,
    node,
    widest: Math.max(1.6, Math.min(4.8, (inside / tallest) * 0.14)),
    x: (column) => left + column * gap,
    y: (column, place) => TOP + inside / 2 + (place - (sizes[column]! - 1) / 2) * step(column),
    isNamed: (column) => (column === 0 || column === last) && step(column) >= (isNarrow ? 38 : 16),
    hasLines: (column) => step(column) >= (isNarrow ? 58 : 30),
    // On a phone as far as the nodes beside it, elsewhere as far as the edge.
    room: (column) => (isNarrow ? next(column === 0 ? 1 : last - 1) : (column === 0 ? left : right) - node(column).width / 2) - APART - 2,
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
