// The loss of one example and where its derivative begins, in the formula's own numbers.
//
// A formula is told only where it gives what the service has computed: weights of rows, smoothed labels and the like change it.

import { plain } from "../parts/words";
import { bracketed, digitsFor, productOf, ranked, written, type Taken } from "./arithmetic";
import { total, type Pass, type Trace } from "./trace";

export interface Loss {
  name: string;
  told: string; // such as "−ln 0.733 = 0.311"
  begins: (unit: number) => string; // how the error of an output begins, such as "0.733 − 1 = −0.267"
}

export function lossOf(trace: Trace, last: Pass, type: string): Loss {
  const outputs = trace.outputs.map((each) => each.output);
  const targets = trace.outputs.map((each) => each.target);
  const form = FORMS[type]?.(outputs, targets, last.activation);
  const isTrue = form !== undefined && isNear(form.value, trace.loss);
  return {
    name: plain(type),
    told: isTrue ? meanOf(form.terms, trace.loss) : written(trace.loss),
    begins: (unit) => {
      const error = last.errors[unit]!;
      const alone = `its share of the error is ${written(error)}`;
      if (!isTrue) return alone;
      const begun = form.begins(unit);
      const slopes = begun.of((value) => value);
      if (isNear(slopes, error)) return equation(begun, error);
      if (slopes === 0 || last.activation === "softmax") return alone;
      const slope = error / slopes;
      const { digits } = digitsFor((as) => as(slopes) * as(slope), error);
      return `${equation(begun, slopes, digits)}; times the slope of ${plain(last.activation)} here: ${productOf(slopes, slope, error)}`;
    },
  };
}

/** What is computed, as it is written with so many digits. */
interface Written {
  text: (digits: number) => string;
  of: (as: Taken) => number;
}

interface Form {
  value: number;
  terms: Written[]; // one for each output; the loss is their mean
  begins: (unit: number) => Written;
}

const FORMS: Record<string, (outputs: number[], targets: number[], activation: string) => Form> = {
  softmax_cross_entropy: (outputs, targets, activation) => {
    const likely = activation === "softmax" ? outputs : softmax(outputs);
    const right = likely[targets.indexOf(Math.max(...targets))]!;
    return {
      value: -Math.log(right),
      terms: [logarithm(right)],
      begins: (unit) => gap("its probability ", likely[unit]!, targets[unit]!),
    };
  },
  binary_cross_entropy: (outputs, targets, activation) => {
    const likely = activation === "sigmoid" ? outputs : outputs.map((each) => 1 / (1 + Math.exp(-each)));
    const right = likely.map((each, unit) => (targets[unit]! > 0.5 ? each : 1 - each));
    return {
      value: mean(right.map((each) => -Math.log(each))),
      terms: right.map(logarithm),
      begins: (unit) => shared(gap("its probability ", likely[unit]!, targets[unit]!), outputs.length),
    };
  },
  mean_squared_error: (outputs, targets) => ({
    value: mean(outputs.map((each, unit) => (each - targets[unit]!) ** 2)),
    terms: outputs.map((each, unit) => squared(gap("", each, targets[unit]!))),
    begins: (unit) => shared(twice(gap("", outputs[unit]!, targets[unit]!)), outputs.length),
  }),
  mean_absolute_error: (outputs, targets) => ({
    value: mean(outputs.map((each, unit) => Math.abs(each - targets[unit]!))),
    terms: outputs.map((each, unit) => size(gap("", each, targets[unit]!))),
    begins: (unit) => shared(sign(gap("", outputs[unit]!, targets[unit]!)), outputs.length),
  }),
};

function gap(name: string, one: number, other: number): Written {
  return { text: (digits) => `${name}${written(one, digits)} − ${bracketed(other, digits)}`, of: (as) => as(one) - as(other) };
}

function logarithm(value: number): Written {
  return { text: (digits) => `−ln ${written(value, digits)}`, of: (as) => -Math.log(as(value)) };
}

const squared = ({ text, of }: Written): Written => ({ text: (digits) => `(${text(digits)})²`, of: (as) => of(as) ** 2 });
const size = ({ text, of }: Written): Written => ({ text: (digits) => `|${text(digits)}|`, of: (as) => Math.abs(of(as)) });
const sign = ({ text, of }: Written): Written => ({ text: (digits) => `the sign of ${text(digits)}`, of: (as) => Math.sign(of(as)) });
const twice = ({ text, of }: Written): Written => ({ text: (digits) => `2 × (${text(digits)})`, of: (as) => 2 * of(as) });

function shared(whole: Written, count: number): Written {
  return count === 1 ? whole : { text: (digits) => `(${whole.text(digits)}) ÷ ${count}`, of: (as) => whole.of(as) / count };
}

function equation({ text, of }: Written, result: number, wanted?: number): string {
  const { digits, equals } = digitsFor(of, result, wanted);
  return `${text(digits)} ${equals} ${written(result, wanted)}`;
}

const MOST_WRITTEN = 3;

function meanOf(terms: Written[], loss: number): string {
  if (terms.length === 1) return equation(terms[0]!, loss);
  const { shown, others } = ranked(terms, (each) => each.of((value) => value), MOST_WRITTEN, MOST_WRITTEN);
  const rest = total(others.map((each) => each.of((value) => value)));
  const whole: Written = {
    text: (digits) => {
      const parts = shown.map((each) => each.text(digits));
      if (others.length) parts.push(`${written(rest, digits)} (${others.length} others, together)`);
      return `(${parts.join(" + ")}) ÷ ${terms.length}`;
    },
    of: (as) => (total(shown.map((each) => each.of(as))) + as(rest)) / terms.length,
  };
  return equation(whole, loss);
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
