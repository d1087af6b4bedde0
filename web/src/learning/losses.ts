// The loss of one example and where its derivative begins, in the formula's own numbers.
//
// A formula is told only where it gives what the service has computed: weights of rows, smoothed labels and the like change it.

import { plain } from "../parts/words";
import { bracketed, written } from "./arithmetic";
import type { Pass, Trace } from "./trace";

export interface Loss {
  name: string;
  formula: string | null; // such as "−ln 0.733"
  begins: (unit: number) => string | null; // how the error of an output begins, such as "0.733 − 1"
}

export function lossOf(trace: Trace, last: Pass, type: string): Loss {
  const outputs = trace.outputs.map((each) => each.output);
  const targets = trace.outputs.map((each) => each.target);
  const form = FORMS[type]?.(outputs, targets, last.activation);
  const isTrue = form !== undefined && isNear(form.value, trace.loss);
  return {
    name: plain(type),
    formula: isTrue ? form.formula : null,
    begins: (unit) => {
      if (!isTrue) return null;
      const { slopes, text } = form.begins(unit);
      const error = last.errors[unit]!;
      if (isNear(slopes, error)) return text;
      if (slopes === 0 || last.activation === "softmax") return null;
      return `${text} = ${written(slopes)}, times the slope of ${plain(last.activation)} here, ${written(error / slopes)},`;
    },
  };
}

interface Form {
  value: number;
  formula: string;
  begins: (unit: number) => { slopes: number; text: string };
}

const FORMS: Record<string, (outputs: number[], targets: number[], activation: string) => Form> = {
  softmax_cross_entropy: (outputs, targets, activation) => {
    const likely = activation === "softmax" ? outputs : softmax(outputs);
    const right = likely[targets.indexOf(Math.max(...targets))]!;
    return {
      value: -Math.log(right),
      formula: `−ln ${written(right)}`,
      begins: (unit) => ({ slopes: likely[unit]! - targets[unit]!, text: `its probability ${written(likely[unit]!)} − ${written(targets[unit]!)}` }),
    };
  },
  binary_cross_entropy: (outputs, targets, activation) => {
    const likely = activation === "sigmoid" ? outputs : outputs.map((each) => 1 / (1 + Math.exp(-each)));
    const right = likely.map((each, unit) => (targets[unit]! > 0.5 ? each : 1 - each));
    return {
      value: mean(right.map((each) => -Math.log(each))),
      formula: meanOf(right.map((each) => `−ln ${written(each)}`)),
      begins: (unit) => {
        const text = `its probability ${written(likely[unit]!)} − ${written(targets[unit]!)}`;
        const count = outputs.length;
        return { slopes: (likely[unit]! - targets[unit]!) / count, text: count > 1 ? `(${text}) ÷ ${count}` : text };
      },
    };
  },
  mean_squared_error: (outputs, targets) => ({
    value: mean(outputs.map((each, unit) => (each - targets[unit]!) ** 2)),
    formula: meanOf(outputs.map((each, unit) => `(${difference(each, targets[unit]!)})²`)),
    begins: (unit) => {
      const count = outputs.length;
      const gap = outputs[unit]! - targets[unit]!;
      return { slopes: (2 * gap) / count, text: `2 × (${difference(outputs[unit]!, targets[unit]!)})${count > 1 ? ` ÷ ${count}` : ""}` };
    },
  }),
  mean_absolute_error: (outputs, targets) => ({
    value: mean(outputs.map((each, unit) => Math.abs(each - targets[unit]!))),
    formula: meanOf(outputs.map((each, unit) => `|${difference(each, targets[unit]!)}|`)),
    begins: (unit) => {
      const count = outputs.length;
      const sign = Math.sign(outputs[unit]! - targets[unit]!);
      return { slopes: sign / count, text: `the sign of ${difference(outputs[unit]!, targets[unit]!)}${count > 1 ? `, ÷ ${count}` : ""}` };
    },
  }),
};

const MOST_WRITTEN = 3;

function meanOf(terms: string[]): string {
  if (terms.length === 1) return terms[0]!;
  return `the mean of ${terms.slice(0, MOST_WRITTEN).join(", ")}${terms.length > MOST_WRITTEN ? ` and ${terms.length - MOST_WRITTEN} more` : ""}`;
}

function difference(one: number, other: number): string {
  return `${written(one)} − ${bracketed(other)}`;
}

function softmax(values: number[]): number[] {
  const most = Math.max(...values);
  const powers = values.map((each) => Math.exp(each - most));
  const sum = powers.reduce((all, each) => all + each, 0);
  return powers.map((each) => each / sum);
}

function mean(values: number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}

/** Equal but for the rounding of float32. */
function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) <= 1e-6 + 1e-3 * Math.abs(other);
}
