// Which weights of a picture are drawn as lines, and how strong they are.

import type { Node, Picture } from "./picture";

export const MOST_LINES = 2000; // more of them hide one another

export interface Line {
  stage: number;
  from: number; // units
  to: number;
  share: number; // of the largest of its stage, with its sign
  isChosen: boolean; // leads to the chosen node, or from it
}

export function linesOf(picture: Picture, units: number[][], chosen: Node): { lines: Line[]; isCut: boolean } {
  const all = picture.stages.flatMap(({ strengths }, stage) => {
    const largest = strengths.reduce((most, row) => row.reduce((size, each) => Math.max(size, Math.abs(each)), most), 0) || 1;
    return units[stage + 1]!.flatMap((to) =>
      units[stage]!.map((from) => {
        const isChosen = (chosen.layer === stage + 1 && chosen.unit === to) || (chosen.layer === stage && chosen.unit === from);
        return { stage, from, to, share: strengths[to]![from]! / largest, isChosen };
      }),
    );
  });
  if (all.length <= MOST_LINES) return { lines: all, isCut: false };
  const weight = (line: Line) => (line.isChosen ? 2 : Math.abs(line.share));
  return { lines: all.sort((one, other) => weight(other) - weight(one)).slice(0, MOST_LINES), isCut: true };
}
