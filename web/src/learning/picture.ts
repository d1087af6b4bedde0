// What a drawing of a network shows: numbers in its nodes and strengths on its lines.

import { number } from "../parts/words";
import { thinned, type Network } from "./network";
import type { Moment } from "./moments";
import { scaledFrom, type Pass, type Trace } from "./trace";

export interface Node {
  layer: number; // 0 are the inputs
  unit: number;
}

export interface Column {
  title: string;
  names: string[];
  notes: string[][]; // lines below the names, such as the value in the data
  values: number[] | null; // null: not computed yet, or not of interest
}

export interface Picture {
  columns: Column[];
  /** From one column to the next, `[to][from]`. */
  stages: { strengths: number[][]; isFaint: boolean }[];
  at: number | null; // the column that is at work
  nodes: string; // what the numbers in the nodes are
  lines: string; // and the strengths of the lines
}

export function pictureOfWeights(network: Network): Picture {
  return {
    columns: network.layers.map(({ title, names }) => ({ title, names, notes: [], values: null })),
    stages: network.stages.map(({ weights }) => ({ strengths: weights, isFaint: false })),
    at: null,
    nodes: "",
    lines: "weights",
  };
}

/** The network at a moment: forward it fills from the inputs, backward from the outputs. */
export function pictureOf(trace: Trace, passes: Pass[], { phase, layer }: Moment): Picture {
  const isBack = phase === "backward" || phase === "step";
  const isReached = (column: number) => phase === "loss" || phase === "step" || (isBack ? column >= layer : column <= layer);
  const notes = trace.inputs.map(({ value }) => (typeof value === "number" ? [number(value, 5)] : []));
  const columns = [
    { title: "inputs", names: trace.inputs.map((each) => each.name), notes, values: isBack ? null : trace.inputs.map((each) => each.input) },
    ...passes.map((pass, index) => ({
      title: index === passes.length - 1 && pass.activation === "identity" ? "outputs" : pass.activation,
      names: pass.names,
      notes: index === passes.length - 1 ? outputNotes(trace, phase !== "forward") : [],
      values: !isReached(index + 1) ? null : isBack ? pass.errors : pass.outgoing,
    })),
  ];
  const stages = passes.map((pass, index) => {
    if (phase === "step") return { strengths: pass.steps.weights, isFaint: index + 1 !== layer };
    if (phase === "backward") {
      const strengths = pass.weights.map((row, to) => row.map((weight) => weight * pass.errors[to]!));
      return index >= layer ? { strengths, isFaint: index !== layer } : { strengths: pass.weights, isFaint: true };
    }
    if (!isReached(index + 1)) return { strengths: pass.weights, isFaint: true };
    const strengths = pass.weights.map((row) => row.map((weight, from) => weight * pass.incoming[from]!));
    return { strengths, isFaint: index + 1 !== layer || phase === "loss" };
  });
  return { columns, stages, at: layer, ...WORDS[phase] };
}

/** The targets and, once the outputs are judged, the probabilities that they stand for. */
function outputNotes(trace: Trace, isJudged: boolean): string[][] {
  const likely = trace.prediction.probabilities ?? {};
  const unscaled = scaledFrom(trace);
  return trace.outputs.map(({ name, target }) => {
    const probability = likely[name];
    const wanted = `target ${number(target)}`;
    if (isJudged && typeof probability === "number") return [`${number(probability, 2)}, ${wanted}`];
    return unscaled === null ? [wanted] : [wanted, `data: ${number(unscaled, 6)}`];
  });
}

const WORDS = {
  forward: { nodes: "what the node gives", lines: "weight × what comes in" },
  loss: { nodes: "what the node gives", lines: "weight × what comes in" },
  backward: { nodes: "the node’s share of the error", lines: "weight × error ahead" },
  step: { nodes: "the node’s share of the error", lines: "the weight’s step" },
};

const MOST_NODES = 64; // of a layer

/** The units of each column that are drawn; the chosen one is always among them. */
export function drawnUnits(picture: Picture, chosen: Node): number[][] {
  return picture.columns.map(({ names }, layer) => {
    const units = thinned(names.length, MOST_NODES);
    return chosen.layer === layer && !units.includes(chosen.unit) ? [...units, chosen.unit].sort((one, other) => one - other) : units;
  });
}
