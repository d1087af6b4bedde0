// One example, as it ran through the network with the weights of one epoch: what `GET /v1/jobs/{id}/trace` answers, made ready to be told.

import type { Plan } from "../service/types";

export interface Trace {
  epoch: number;
  epochs: number[]; // those whose weights are kept; 0 is before training
  row: number;
  rows: number;
  is_validation: boolean;
  learning_rate: number;
  inputs: { name: string; value: number | string | boolean | null; input: number }[];
  layers: LayerTrace[];
  outputs: { name: string; output: number; target: number }[];
  target: unknown;
  prediction: { values?: Record<string, unknown>; probabilities?: Record<string, unknown> } & Record<string, unknown>;
  loss: number;
}

interface Parameters {
  weights: number[][];
  bias: number[] | null;
}

/** `weights[to][from]`; null where a layer has none, since it acts on each node alone. */
export interface LayerTrace {
  type: string;
  activation: string | { type: string } | null;
  weights: number[][] | null;
  bias: number[] | null;
  weighted_sums: number[] | null;
  activations: number[] | null;
  errors: number[] | null;
  gradients: Parameters | null;
  steps: Parameters | null;
}

/** The target as the data have it, where the network counts in other units; null where they are the same. */
export function scaledFrom({ target, outputs }: Trace): number | null {
  if (typeof target !== "number" || outputs.length !== 1) return null;
  return Math.abs(target - outputs[0]!.target) > 1e-6 * Math.abs(target) ? target : null;
}

const MOST_WEIGHTS = 10_000; // for which the service makes traces
const TRACED = new Set(["dense", "dropout", "flatten", "reshape"]);

/** Whether one example can be followed through such a network; which others can, the service says of each. */
export function canBeWatched(plan: Plan): boolean {
  return plan.parameters <= MOST_WEIGHTS && plan.layers.every((each) => TRACED.has(each.type) && each.activation !== "prelu");
}

/** A dense layer at work: what came in, what it made of it, and what it learns from it. */
export interface Pass {
  activation: string;
  from: string[]; // the names of the nodes before it
  names: string[]; // of its own
  incoming: number[];
  weights: number[][];
  bias: number[] | null;
  sums: number[];
  outgoing: number[];
  errors: number[]; // ∂loss/∂sum of each node
  gradients: Parameters;
  steps: Parameters;
}

/** The dense layers in order; layer 0 are the inputs, so `passes[0]` is layer 1. */
export function passesOf(trace: Trace): Pass[] {
  const passes: Pass[] = [];
  let incoming = trace.inputs.map((each) => each.input);
  let from = trace.inputs.map((each) => each.name);
  const last = trace.layers.findLastIndex((each) => each.weights);
  trace.layers.forEach((layer, index) => {
    const { weights, gradients, steps } = layer;
    if (weights && gradients && steps) {
      const names = index === last ? trace.outputs.map((each) => each.name) : weights.map((_, unit) => `unit ${unit + 1}`);
      const [sums, errors] = [layer.weighted_sums ?? [], layer.errors ?? []];
      passes.push({ activation: wordOf(layer.activation), from, names, incoming, weights, bias: layer.bias, sums, outgoing: layer.activations ?? sums, errors, gradients, steps });
      from = names;
    } else if (passes.length > 0 && layer.activations) {
      // An activation that is a layer of its own: its nodes are those of the layer before it.
      const pass = passes.at(-1)!;
      pass.activation = pass.activation === "identity" ? wordOf(layer.activation) : `${pass.activation}, then ${wordOf(layer.activation)}`;
      pass.outgoing = layer.activations;
    }
    incoming = layer.activations ?? incoming;
  });
  return passes;
}

function wordOf(activation: LayerTrace["activation"]): string {
  return (typeof activation === "string" ? activation : activation?.type) ?? "identity";
}

/** What the nodes of the layer behind pass back to a node of this one: weight × error, term by term. */
export function passedBack(ahead: Pass, unit: number): number[] {
  return ahead.errors.map((error, to) => ahead.weights[to]![unit]! * error);
}

export function total(terms: number[]): number {
  return terms.reduce((sum, each) => sum + each, 0);
}
