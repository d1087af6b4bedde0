// Small tables for a first try, and networks that are small enough to be followed.

import { EMPTY, type Draft } from "./draft";
import { newLayer } from "./network";

export const XOR = "left,right,answer\n0,0,no\n0,1,yes\n1,0,yes\n1,1,no\n";

/** Three hidden units find it from nearly every start. */
export function xorDraft(): Partial<Draft> {
  return { ...EMPTY, layers: [newLayer("3", "tanh"), newLayer("1", "sigmoid")], loss: "binary_cross_entropy", optimizer: "adam", learning_rate: "0.05", epochs: "400" };
}

/** 240 points on two rings around one another, the same each time; no straight line parts them. */
export function RINGS(): string {
  const lines = ["x,y,ring"];
  for (let point = 0; point < 240; point++) {
    const angle = point * 2.399963; // the golden angle
    const isInner = point % 2 === 0;
    const radius = (isInner ? 1 : 2.2) + 0.35 * Math.sin(point * 12.9898);
    lines.push(`${(radius * Math.cos(angle)).toFixed(3)},${(radius * Math.sin(angle)).toFixed(3)},${isInner ? "inner" : "outer"}`);
  }
  return `${lines.join("\n")}\n`;
}
