// What is computed at a moment, in plain words, and with the numbers of the chosen node.

import { count, number, plain } from "../parts/words";
import { explained, formulaOf } from "./activations";
import { bracketed, digitsFor, exact, productOf, stepped, sumOfProducts, written } from "./arithmetic";
import type { Loss } from "./losses";
import type { Moment } from "./moments";
import { passedBack, scaledFrom, total, type Pass, type Trace } from "./trace";

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
  if (phase === "forward") {
    const then = pass.activation === "identity" ? "There is no activation: it gives the sum as it is." : `It gives ${explained(pass.activation)}.`;
    return { what: `Forward${place}: each node multiplies what comes in by its weights, and adds the products and its bias. ${then}`, numbers: forwardNumbers(pass, unit) };
  }
  if (phase === "backward") {
    const what = layer === layers ? BEGIN : BACK;
    return { what: `Backward${place}: ${what}`, numbers: layer === layers ? beginNumbers(telling, unit) : backNumbers(pass, telling.passes[layer]!, unit) };
  }
  const what =
    "a weight’s gradient, how fast the loss rises with it, is its node’s share of the error times what came in. It steps against the gradient; how far, the learning rate says.";
  return { what: `Step${place}: ${what}`, numbers: weightNumbers(telling, layer, unit, strongest(pass, unit)) };
}

const BEGIN = "the error begins at the outputs. A node’s share of it is how fast the loss rises as the node’s sum grows; below 0 it falls.";
const BACK =
  "errors run back over the same weights. Each node adds what reaches it, times the slope of its activation, which is how fast what it gives grows with its sum: that is its share of the error.";
const INPUTS = {
  forward: (row: number) => `Row ${count(row)} of the data goes in, each column as a number that suits the network.`,
  backward: () => "The inputs are given: they have no share of the error, and it ends here.",
  step: () => "The inputs are given: they have no weights of their own that could step.",
};

function inputNumbers(trace: Trace, unit: number): string {
  const { name, value, input } = trace.inputs[unit]!;
  if (value === null) return `${name} is missing in this row and goes in as ${written(input)}.`;
  if (typeof value !== "number") return `The row says ${value}: ${name} goes in as ${written(input)}.`;
  return value === input ? `${name} goes in as it is, ${exact(value)}.` : `${name} is ${exact(value)} and goes in as ${written(input)}.`;
}

function forwardNumbers(pass: Pass, unit: number): string {
  const [sum, gives] = [pass.sums[unit]!, pass.outgoing[unit]!];
  const formula = formulaOf(pass.activation);
  const { digits } = formula ? digitsFor((as) => formula.of(as(sum)), gives) : { digits: undefined };
  const made = sumOfProducts(pass.weights[unit]!, pass.incoming, sum, digits, pass.bias?.[unit] ?? null);
  return `${pass.names[unit]}: ${made}${pass.activation === "identity" ? "" : `; ${plain(pass.activation)} gives ${written(gives)}`}.`;
}

function lossNumbers({ trace, loss }: Telling): string {
  const [said] = Object.values(trace.prediction.values ?? {});
  const says = said === undefined ? "" : `The network says ${typeof said === "number" ? number(said) : plainly(said)}, the data say ${plainly(trace.target)}. `;
  const unscaled = scaledFrom(trace);
  const scale = unscaled !== null ? ` It is computed as the network counts, where the target ${exact(unscaled)} is ${number(trace.outputs[0]!.target, 5)}.` : "";
  return `${says}The ${loss.name} is ${loss.told}.${scale}`;
}

function plainly(value: unknown): string {
  if (typeof value === "number") return exact(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function beginNumbers({ passes, loss }: Telling, unit: number): string {
  const pass = passes.at(-1)!;
  const error = pass.errors[unit]!;
  const means = error === 0 ? "the loss would stay." : `the loss would ${error > 0 ? "rise" : "fall"}.`;
  return `${pass.names[unit]}: ${loss.begins(unit)}. Were its sum a little larger, ${means}`;
}

function backNumbers(pass: Pass, ahead: Pass, unit: number): string {
  const weights = ahead.weights.map((row) => row[unit]!);
  const reached = total(passedBack(ahead, unit));
  const error = pass.errors[unit]!;
  const sum = (digits?: number) => `${pass.names[unit]}: ${sumOfProducts(weights, ahead.errors, reached, digits)}`;
  if (pass.activation === "identity") return `${sum()}; there is no activation, so that is its share.`;
  if (pass.activation === "softmax" || reached === 0) return `${sum()}; its share is ${written(error)}.`;
  const slope = error / reached;
  const { digits } = digitsFor((as) => as(reached) * as(slope), error);
  const formula = formulaOf(pass.activation);
  const at = formula ? digitsFor((as) => formula.slope(as(pass.sums[unit]!)), slope, digits, 3).digits : undefined;
  return `${sum(digits)}; the slope of ${plain(pass.activation)} at ${written(pass.sums[unit]!, at)} is ${written(slope, digits)}, and ${productOf(reached, slope, error)}.`;
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
  const { was, becomes, by, equals } = stepped(before, step);
  const of = digitsFor((as) => -as(trace.learning_rate) * as(gradient), step, by);
  const why = from === null ? `its node’s share of the error, ${written(gradient, of.digits)}` : productOf(pass.errors[to]!, pass.incoming[from]!, gradient, of.digits);
  const made = `−${written(trace.learning_rate, of.digits)} × ${bracketed(gradient, of.digits)} ${of.equals} ${written(step, by)}`;
  return `${what}: gradient ${why}; step ${made}, from ${was} to ${equals === "=" ? "" : "about "}${becomes}.`;
}

/** The weight of a node that moves most; null: its bias, where there is nothing else. */
export function strongest(pass: Pass, unit: number): number | null {
  const sizes = pass.steps.weights[unit]!.map(Math.abs);
  return sizes.length ? sizes.indexOf(Math.max(...sizes)) : null;
}
