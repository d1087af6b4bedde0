// The chosen node, term by term: its sum, its share of the error, or the steps of its weights.

import { number, plain } from "../parts/words";
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
  const sheet = moment.phase === "step" ? stepSheet(props) : moment.phase === "backward" && !isOutput ? errorSheet(props) : sumSheet(props);
  return <Table {...props} sheet={sheet} />;
}

interface Term {
  name: string;
  weight: Weight | null;
  cells: number[];
  size: number; // of many terms the largest are listed
}

interface Sheet {
  caption: string;
  headings: string[];
  terms: Term[];
  feet: [string, number][];
}

function sumSheet({ passes, node: { layer, unit } }: Props): Sheet {
  const pass = passes[layer - 1]!;
  const terms = pass.weights[unit]!.map((weight, from) => {
    const product = weight * pass.incoming[from]!;
    return { name: pass.from[from]!, weight: { layer, to: unit, from }, cells: [pass.incoming[from]!, weight, product], size: Math.abs(product) };
  });
  return {
    caption: `The sum of ${pass.names[unit]}`,
    headings: ["From", "Comes in", "Weight", "Product"],
    terms,
    feet: [
      ...(pass.bias ? [["bias", pass.bias[unit]!] as [string, number]] : []),
      ["weighted sum", pass.sums[unit]!],
      ...(pass.activation === "identity" ? [] : [[`${plain(pass.activation)} of it`, pass.outgoing[unit]!] as [string, number]]),
    ],
  };
}

function lossSheet(trace: Trace): Sheet {
  const likely = trace.prediction.probabilities ?? {};
  const isLikely = trace.outputs.every(({ name }) => typeof likely[name] === "number");
  return {
    caption: "The outputs and the target",
    headings: ["Output", "Gives", ...(isLikely ? ["Probability"] : []), "Target"],
    terms: trace.outputs.map(({ name, output, target }) => ({
      name,
      weight: null,
      cells: [output, ...(isLikely ? [likely[name] as number] : []), target],
      size: Math.abs(output),
    })),
    feet: [["loss", trace.loss]],
  };
}

function errorSheet({ passes, node: { layer, unit } }: Props): Sheet {
  const ahead = passes[layer]!;
  const back = passedBack(ahead, unit);
  const terms = back.map((passed, to) => ({
    name: ahead.names[to]!,
    weight: { layer: layer + 1, to, from: unit },
    cells: [ahead.errors[to]!, ahead.weights[to]![unit]!, passed],
    size: Math.abs(passed),
  }));
  const reached = total(back);
  const { names, errors, activation } = passes[layer - 1]!;
  const error = errors[unit]!;
  return {
    caption: `The error of ${names[unit]}`,
    headings: ["From", "Its error", "Weight", "Passed back"],
    terms,
    feet: [
      ["sum", reached],
      ...(reached === 0 || activation === "softmax" ? [] : [[`slope of ${plain(activation)}`, error / reached] as [string, number]]),
      ["its share", error],
    ],
  };
}

function stepSheet({ passes, node: { layer, unit } }: Props): Sheet {
  const { names, from, weights, gradients, steps, bias, errors } = passes[layer - 1]!;
  const terms: Term[] = weights[unit]!.map((now, index) => {
    const step = steps.weights[unit]![index]!;
    return { name: from[index]!, weight: { layer, to: unit, from: index }, cells: [gradients.weights[unit]![index]!, step, now + step], size: Math.abs(step) };
  });
  if (bias && gradients.bias && steps.bias) {
    const step = steps.bias[unit]!;
    terms.push({ name: "bias", weight: { layer, to: unit, from: null }, cells: [gradients.bias[unit]!, step, bias[unit]! + step], size: Infinity });
  }
  return { caption: `The weights of ${names[unit]}`, headings: ["From", "Gradient", "Step", "New weight"], terms, feet: [["its error", errors[unit]!]] };
}

const MOST_LISTED = 20;

function Table({ sheet, weight, onWeight }: Props & { sheet: Sheet }) {
  const { terms } = sheet;
  const least = terms.length > MOST_LISTED ? terms.map((each) => each.size).sort((one, other) => other - one)[MOST_LISTED - 1]! : -1;
  const listed = terms.filter((each) => each.size >= least).slice(0, MOST_LISTED + 1);
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
          {listed.map((term) => (
            <tr key={term.name} class={isSame(term.weight, weight) ? "told" : ""}>
              <th scope="row">
                {term.weight ? (
                  <button type="button" class="link" aria-pressed={isSame(term.weight, weight)} onClick={() => onWeight(term.weight!)}>
                    <Broken name={term.name} />
                  </button>
                ) : (
                  <Broken name={term.name} />
                )}
              </th>
              {term.cells.map((cell, index) => (
                <td key={index} class={cell < 0 ? "below" : ""}>
                  {number(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          {listed.length < terms.length && (
            <tr>
              <td colSpan={columns} class="soft">
                and {terms.length - listed.length} smaller ones
              </td>
            </tr>
          )}
          {sheet.feet.map(([name, value]) => (
            <tr key={name}>
              <th scope="row" colSpan={columns - 1}>
                {name}
              </th>
              <td>{number(value)}</td>
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
          <td>{typeof value === "number" ? number(value) : value === null ? "missing" : String(value)}</td>
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
