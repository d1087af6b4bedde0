// Which unit of a layer is looked at first: the one that does most, so that nobody starts with one that gives 0.

import type { Moment } from "./moments";
import type { Node } from "./picture";
import type { Pass, Trace } from "./trace";

/** The unit with the largest activation, or on the way back with the largest error; the one before it, as long as that gives something. */
export function liveliest(trace: Trace, passes: Pass[], { phase, layer }: Moment, before: Node | null): number {
  const pass = passes[layer - 1];
  const values = !pass ? trace.inputs.map((each) => each.input) : phase === "backward" || phase === "step" ? pass.errors : pass.outgoing;
  const sizes = values.map(Math.abs);
  if (before?.layer === layer && sizes[before.unit]) return before.unit;
  return Math.max(0, sizes.indexOf(Math.max(...sizes)));
}
