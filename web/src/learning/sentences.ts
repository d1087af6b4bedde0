// What is computed at a moment, in plain words, and with the numbers of the chosen node.

import { count, plain } from "../parts/words";
import { bracketed, product, stepped, sumOfProducts, written } from "./arithmetic";
import type { Loss } from "./losses";
import type { Moment } from "./moments";
import { passedBack, total, type Pass, type Trace } from "./trace";

export interface Telling {
  trace: Trace;
  passes: Pass[];
  loss: Loss;
}

export interface Told {
  what: string;
  numbers: string;
}

export function toldOf(telling: Telling, { phase, layer }: Moment, unit: number): Told {
  const layers = telling.passes.length;
  const place = layers > 1 ? `, layer ${layer} of ${layers}` : "";
  if (phase === "loss") return { what: "The loss says in one number how far the outputs are from the target.", numbers: lossNumbers(telling) };
  if (layer === 0) return { what: INPUTS[phase](telling.trace.row), numbers: phase === "forward" ? inputNumbers(telling.trace, unit) : "" };
  const pass = telling.passes[layer - 1]!;
  const activation = plain(pass.activation);
  if (phase === "forward") {
    const then = activation === "identity" ? "There is no activation: it gives the sum as it is." : `It gives ${activation} of that sum.`;
    return { what: `Forward${place}: each node multiplies what comes in by its weights, and adds the products and its bias. ${then}`, numbers: forwardNumbers(pass, unit) };
  }
  if (phase === "backward") {
    const what = layer === layers ? "the error begins at the outputs. A node’s share of it tells how the loss changes as its sum grows." : BACK;
    return { what: `Backward${place}: ${what}`, numbers: layer === layers ? beginNumbers(telling, unit) : backNumbers(pass, telling.passes[layer]!, unit) };
  }
  const what = "a weight’s gradient is the error of its node times what came in. It steps against the gradient, as far as the learning rate says.";
  return { what: `Step${place}: ${what}`, numbers: weightNumbers(telling, layer, unit, strongest(pass, unit)) };
}

const BACK = "errors run back over the same weights. Each node adds what reaches it, times the slope of its activation: that is its share.";
const INPUTS = {
  forward: (row: number) => `Row ${count(row)} of the data goes in, each column as a number that suits the network.`,
  backward: () => "The inputs are given: they have no share of the error, and it ends here.",
  step: () => "The inputs are given: they have no weights of their own that could step.",
};

function inputNumbers(trace: Trace, unit: number): string {
  const { name, value, input } = trace.inputs[unit]!;
  if (value === null) return `${name} is missing in this row and goes in as ${written(input)}.`;
  if (typeof value !== "number") return `The row says ${value}: ${name} goes in as ${written(input)}.`;
  return value === input ? `${name} goes in as it is, ${written(value)}.` : `${name} is ${written(value)} and goes in as ${written(input)}.`;
}

function forwardNumbers(pass: Pass, unit: number): string {
  const bias = pass.bias ? ` + bias ${bracketed(pass.bias[unit]!)}` : "";
  const sum = `${sumOfProducts(pass.weights[unit]!, pass.incoming)}${bias} = ${written(pass.sums[unit]!)}`;
  const gives = pass.activation === "identity" ? "" : `; ${plain(pass.activation)} gives ${written(pass.outgoing[unit]!)}`;
  return `${pass.names[unit]}: ${sum}${gives}.`;
}

function lossNumbers({ trace, loss }: Telling): string {
  const [said] = Object.values(trace.prediction.values ?? {});
  const says = said === undefined ? "" : `The network says ${plainly(said)}, the data say ${plainly(trace.target)}. `;
  const equals = loss.formula ? `${loss.formula} = ` : "";
  return `${says}The ${loss.name} is ${equals}${written(trace.loss)}.`;
}

function plainly(value: unknown): string {
  if (typeof value === "number") return written(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function beginNumbers({ passes, loss }: Telling, unit: number): string {
  const pass = passes.at(-1)!;
  const error = pass.errors[unit]!;
  const begins = loss.begins(unit);
  const share = begins ? `${begins}${begins.endsWith(",") ? " gives" : " ="} ${written(error)}` : `its share is ${written(error)}`;
  const means = error === 0 ? "the loss would stay." : `the loss would ${error > 0 ? "rise" : "fall"}.`;
  return `${pass.names[unit]}: ${share}. Were its sum a little larger, ${means}`;
}

function backNumbers(pass: Pass, ahead: Pass, unit: number): string {
  const weights = ahead.weights.map((row) => row[unit]!);
  const reached = total(passedBack(ahead, unit));
  const error = pass.errors[unit]!;
  const sum = `${pass.names[unit]}: ${sumOfProducts(weights, ahead.errors)} = ${written(reached)}`;
  if (pass.activation === "identity") return `${sum}; there is no activation, so that is its share.`;
  if (pass.activation === "softmax" || reached === 0) return `${sum}; its share is ${written(error)}.`;
  const slope = error / reached;
  return `${sum}; the slope of ${plain(pass.activation)} at ${written(pass.sums[unit]!)} is ${written(slope)}, and ${product(reached, slope)} = ${written(error)}.`;
}

/** A weight's gradient and its step; `from` is null for the bias. */
export function weightNumbers({ trace, passes }: Telling, layer: number, to: number, from: number | null): string {
  const pass = passes[layer - 1]!;
  const [gradients, steps, now] =
    from === null
      ? [pass.gradients.bias, pass.steps.bias, pass.bias].map((each) => each?.[to] ?? 0)
      : [pass.gradients.weights, pass.steps.weights, pass.weights].map((each) => each[to]![from]!);
  const [gradient, step, before] = [gradients!, steps!, now!];
  const what = from === null ? `The bias of ${pass.names[to]}` : `The weight from ${pass.from[from]} to ${pass.names[to]}`;
  const why = from === null ? "its node’s error, " : `${product(pass.errors[to]!, pass.incoming[from]!)} = `;
  const [old, after] = stepped(before, step);
  return `${what}: gradient ${why}${written(gradient)}; step −${written(trace.learning_rate)} × ${bracketed(gradient)} = ${written(step)}, from ${old} to ${after}.`;
}

/** The weight of a node that moves most; null: its bias, where there is nothing else. */
export function strongest(pass: Pass, unit: number): number | null {
  const sizes = pass.steps.weights[unit]!.map(Math.abs);
  return sizes.length ? sizes.indexOf(Math.max(...sizes)) : null;
}
