// The chosen node, term by term: its sum, its share of the error, or the steps of its weights.

import { number, plain } from "../parts/words";
import { formulaOf } from "./activations";
import { digitsFor, exact, ranked, stepped, written } from "./arithmetic";
import type { Moment } from "./moments";
import type { Node } from "./picture";
import { passedBack, total, type Pass, type Trace } from "./trace";

/** Into the node `to` of a layer; from null: its bias. */
export interface Weight {
  layer: number;
  to: number;
  from: number | null;
}

interface Props {
  trace: Trace;
  passes: Pass[];
  moment: Moment;
  node: Node;
  weight: Weight | null;
  onWeight: (weight: Weight) => void;
}

export function Terms(props: Props) {
  const { trace, passes, moment, node } = props;
  if (node.layer === 0) return <Input trace={trace} unit={node.unit} />;
  const isOutput = node.layer === passes.length;
  if (moment.phase === "loss") return <Table {...props} sheet={lossSheet(trace)} />;
  const sheet = moment.phase === "step" ? stepSheet(props) : moment.phase === "backward" ? (isOutput ? beginSheet(props) : errorSheet(props)) : sumSheet(props);
  return <Table {...props} sheet={sheet} />;
}

interface Term {
  name: string;
  weight: Weight | null;
  cells: string[];
  isChosen?: boolean;
}

interface Sheet {
  caption: string;
  headings: string[];
  terms: Term[];
  feet: [string, string][];
}

const MOST_LISTED = 20; // of more terms the largest
const DIGITS = 4;

/** Products and what they come to: "a | b | a · b" for each, the largest first where there are many. */
function products(rows: { name: string; weight: Weight; one: number; other: number }[], sum: number, of: number, bias: number | null) {
  const { shown, others } = ranked(rows, ({ one, other }) => one * other, MOST_LISTED, MOST_LISTED);
  const rest = total(others.map(({ one, other }) => one * other));
  const { digits, equals } = digitsFor((as) => total(shown.map(({ one, other }) => as(one * other))) + as(rest) + as(bias ?? 0), sum, of, DIGITS);
  const terms = shown.map(({ name, weight, one, other }): Term => {
    const factors = digitsFor((as) => as(one) * as(other), one * other, digits, DIGITS).digits;
    return { name, weight, cells: [written(one, factors), written(other, factors), written(one * other, digits)] };
  });
  const feet: [string, string][] = [];
  if (others.length) feet.push([`and ${others.length} others, together`, written(rest, digits)]);
  if (bias !== null) feet.push(["bias", written(bias, digits)]);
  return { terms, feet, about: equals === "=" ? "" : ", about" };
}

function sumSheet({ passes, node: { layer, unit } }: Props): Sheet {
  const pass = passes[layer - 1]!;
  const [sum, gives] = [pass.sums[unit]!, pass.outgoing[unit]!];
  const formula = formulaOf(pass.activation);
  const of = formula ? digitsFor((as) => formula.of(as(sum)), gives, DIGITS).digits : DIGITS;
  const rows = pass.weights[unit]!.map((weight, from) => ({ name: pass.from[from]!, weight: { layer, to: unit, from }, one: pass.incoming[from]!, other: weight }));
  const { terms, feet, about } = products(rows, sum, of, pass.bias?.[unit] ?? null);
  feet.push([`weighted sum${about}`, written(sum, of)]);
  if (pass.activation !== "identity") feet.push([`${plain(pass.activation)} of it`, written(gives, DIGITS)]);
  return { caption: `The sum of ${pass.names[unit]}`, headings: ["From", "Comes in", "Weight", "Product"], terms, feet };
}

function lossSheet(trace: Trace): Sheet {
  const likely = likelyOf(trace);
  const { shown, others } = ranked(trace.outputs, ({ output, target }) => (target > 0 ? MOST : 0) + Math.abs(output), MOST_LISTED, MOST_LISTED);
  return {
    caption: "The outputs and the target",
    headings: ["Output", "Gives", ...(likely ? ["Probability"] : []), "Target"],
    terms: shown.map(({ name, output, target }) => ({
      name,
      weight: null,
      cells: [output, ...(likely ? [likely[name]!] : []), target].map((each) => written(each, DIGITS)),
    })),
    feet: [...left(others, shown, ({ output }) => output), ["loss", written(trace.loss, DIGITS)]],
  };
}

const MOST = 1e12; // the right classes come first

function likelyOf(trace: Trace): Record<string, number> | null {
  const likely = trace.prediction.probabilities ?? {};
  return trace.outputs.every(({ name }) => typeof likely[name] === "number") ? (likely as Record<string, number>) : null;
}

function left<T>(others: T[], shown: T[], sizeOf: (one: T) => number): [string, string][] {
  return others.length ? [[rest(others, shown, sizeOf), ""]] : [];
}

/** What is not listed: "and 12 others, which are smaller". */
function rest<T>(others: T[], shown: T[], sizeOf: (one: T) => number, words = { none: "which are 0", smaller: "which are smaller" }): string {
  const sizes = (some: T[]) => some.map((each) => Math.abs(sizeOf(each)));
  const [most, least] = [Math.max(...sizes(others)), Math.min(...sizes(shown))];
  return `and ${others.length} ${others.length === 1 ? "other" : "others"}${most === 0 ? `, ${words.none}` : most < least ? `, ${words.smaller}` : ""}`;
}

/** Where the error begins: what each output gives, what it should, and its share. */
function beginSheet({ trace, passes, node }: Props): Sheet {
  const { errors } = passes.at(-1)!;
  const likely = likelyOf(trace);
  const rows = trace.outputs.map(({ name, output, target }, unit) => ({ name, unit, target, gives: likely ? likely[name]! : output, error: errors[unit]! }));
  const { shown, others } = ranked(rows, (each) => (each.unit === node.unit ? MOST : each.error), MOST_LISTED, MOST_LISTED);
  return {
    caption: "Where the error begins",
    headings: ["Output", likely ? "Probability" : "Gives", "Target", "Its share"],
    terms: shown.map(({ name, unit, target, gives, error }) => {
      const { digits, equals } = digitsFor((as) => as(gives) - as(target), error, DIGITS);
      const of = equals === "=" ? digits : DIGITS;
      return { name, weight: null, cells: [written(gives, of), written(target, of), written(error, DIGITS)], isChosen: unit === node.unit };
    }),
    feet: left(others, shown, ({ error }) => error),
  };
}

function errorSheet({ passes, node: { layer, unit } }: Props): Sheet {
  const ahead = passes[layer]!;
  const { names, errors, activation } = passes[layer - 1]!;
  const error = errors[unit]!;
  const reached = total(passedBack(ahead, unit));
  const hasSlope = reached !== 0 && activation !== "softmax";
  const of = hasSlope ? digitsFor((as) => as(reached) * as(error / reached), error, DIGITS).digits : DIGITS;
  const rows = ahead.errors.map((each, to) => ({ name: ahead.names[to]!, weight: { layer: layer + 1, to, from: unit }, one: each, other: ahead.weights[to]![unit]! }));
  const { terms, feet, about } = products(rows, reached, of, null);
  feet.push([`sum${about}`, written(reached, of)]);
  if (hasSlope) feet.push([`slope of ${plain(activation)}`, written(error / reached, of)]);
  feet.push(["its share of the error", written(error, DIGITS)]);
  return { caption: `The error of ${names[unit]}`, headings: ["From", "Its error", "Weight", "Passed back"], terms, feet };
}

function stepSheet({ trace, passes, node: { layer, unit } }: Props): Sheet {
  const { names, from, weights, gradients, steps, bias, errors } = passes[layer - 1]!;
  const term = (name: string, weight: Weight, gradient: number, step: number, now: number): Term => {
    const { was, becomes, by } = stepped(now, step);
    const { digits } = digitsFor((as) => -as(trace.learning_rate) * as(gradient), step, by);
    return { name, weight, cells: [written(gradient, digits), written(step, by), was, becomes] };
  };
  const all = weights[unit]!.map((now, index) => ({ index, now, step: steps.weights[unit]![index]! }));
  const { shown, others } = ranked(all, (each) => each.step, MOST_LISTED, MOST_LISTED);
  const terms = shown.map(({ index, now, step }) => term(from[index]!, { layer, to: unit, from: index }, gradients.weights[unit]![index]!, step, now));
  if (others.length) terms.push({ name: rest(others, shown, (each) => each.step, { none: "which stay", smaller: "with smaller steps" }), weight: null, cells: [] });
  if (bias && gradients.bias && steps.bias) terms.push(term("bias", { layer, to: unit, from: null }, gradients.bias[unit]!, steps.bias[unit]!, bias[unit]!));
  return {
    caption: `The weights of ${names[unit]}`,
    headings: ["From", "Gradient", "Step", "Weight", "New"],
    terms,
    feet: [["its share of the error", written(errors[unit]!, DIGITS)]],
  };
}

function Table({ sheet, weight, onWeight }: Props & { sheet: Sheet }) {
  const columns = sheet.headings.length;
  return (
    <div class="wide" tabIndex={0} role="group" aria-label={sheet.caption}>
      <table class="terms">
        <caption>{sheet.caption}</caption>
        <thead>
          <tr>
            {sheet.headings.map((each) => (
              <th key={each} scope="col">
                {each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sheet.terms.map((term) => (
            <tr key={term.name} class={term.isChosen || isSame(term.weight, weight) ? "told" : ""}>
              <th scope="row" colSpan={term.cells.length ? 1 : columns}>
                {term.weight ? (
                  <button type="button" class="link" aria-pressed={isSame(term.weight, weight)} onClick={() => onWeight(term.weight!)}>
                    <Broken name={term.name} />
                  </button>
                ) : (
                  <Broken name={term.name} />
                )}
              </th>
              {term.cells.map((cell, index) => (
                <td key={index} class={cell.startsWith("−") ? "below" : ""}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          {sheet.feet.map(([name, value]) => (
            <tr key={name}>
              <th scope="row" colSpan={value ? columns - 1 : columns}>
                {name}
              </th>
              {value && <td>{value}</td>}
            </tr>
          ))}
        </tfoot>
      </table>
    </div>
  );
}

/** A name that may go on in the next line after an underscore. */
function Broken({ name }: { name: string }) {
  return name.split(/(?<=_)/).flatMap((part, index) => (index ? [<wbr key={index} />, part] : [part]));
}

function Input({ trace, unit }: { trace: Trace; unit: number }) {
  const { name, value, input } = trace.inputs[unit]!;
  return (
    <table class="terms">
      <caption>{name}</caption>
      <tbody>
        <tr>
          <th scope="row">in the data</th>
          <td>{typeof value === "number" ? exact(value) : value === null ? "missing" : String(value)}</td>
        </tr>
        <tr>
          <th scope="row">as it goes in</th>
          <td>{number(input)}</td>
        </tr>
      </tbody>
    </table>
  );
}

function isSame(one: Weight | null, other: Weight | null): boolean {
  return one !== null && other !== null && one.layer === other.layer && one.to === other.to && one.from === other.from;
}
