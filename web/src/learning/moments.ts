// The order in which a network learns from one example, and the place within it.

export const PHASES = ["forward", "loss", "backward", "step"] as const;
export type Phase = (typeof PHASES)[number];

/** What is being computed: a phase, at a layer. Layer 0 are the inputs. */
export interface Moment {
  phase: Phase;
  layer: number;
}

/** Through the layers, to the loss, back through the layers, and a step of the weights of each. */
export function momentsOf(layers: number): Moment[] {
  const upwards = Array.from({ length: layers }, (_, index) => index + 1);
  return [
    { phase: "forward", layer: 0 },
    ...upwards.map((layer): Moment => ({ phase: "forward", layer })),
    { phase: "loss", layer: layers },
    ...upwards.toReversed().map((layer): Moment => ({ phase: "backward", layer })),
    ...upwards.map((layer): Moment => ({ phase: "step", layer })),
  ];
}

/** Where this moment stands; one that the order does not have, such as the inputs in the backward pass, counts as the nearest of its phase. */
export function placeOf(moments: Moment[], moment: Moment): number {
  const distance = (each: Moment) => (each.phase === moment.phase ? Math.abs(each.layer - moment.layer) : Infinity);
  return moments.reduce((best, each, place) => (distance(each) < distance(moments[best]!) ? place : best), moments.findIndex((each) => each.phase === moment.phase));
}
