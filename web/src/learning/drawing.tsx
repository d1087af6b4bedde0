// The network, drawn: a node for each unit, a line for each weight, thick where it is large, dashed where it is negative.

import type { Network } from "./network";
import { thinned } from "./network";

export interface Node {
  layer: number;
  unit: number;
}

interface Props {
  network: Network;
  chosen: Node;
  onChoose: (node: Node) => void;
}

const MOST_NODES = 64; // of a layer
const MOST_LINES = 2000; // more of them hide one another
const WIDTH = 900;
const SIDE = 110; // for the names
const WIDEST = 5;

export function Drawing({ network, chosen, onChoose }: Props) {
  const shown = network.layers.map((layer, index) => {
    const units = thinned(layer.names.length, MOST_NODES);
    // The chosen one is always there.
    return chosen.layer === index && !units.includes(chosen.unit) ? [...units, chosen.unit].sort((one, other) => one - other) : units;
  });
  const tallest = Math.max(...shown.map((units) => units.length));
  const step = Math.max(9, Math.min(46, 600 / tallest));
  const height = tallest * step + 40;
  const radius = Math.min(11, step * 0.38);
  const x = (layer: number) => SIDE + (layer * (WIDTH - 2 * SIDE)) / Math.max(1, network.layers.length - 1);
  const y = (layer: number, place: number) => 30 + (height - 40) / 2 + (place - (shown[layer]!.length - 1) / 2) * step;
  const at = { layer: chosen.layer, unit: shown[chosen.layer]!.indexOf(chosen.unit) }; // its place among those that are drawn
  const { lines, isCut } = linesOf(network, shown, at);
  const isThinned = shown.some((units, index) => units.length < network.layers[index]!.names.length);
  const summary = network.layers.map((layer) => `${layer.names.length} ${layer.title}`).join(", ");

  return (
    <>
      {(isThinned || isCut) && (
        <p class="soft">
          {isThinned && `Of layers with more than ${MOST_NODES} units only so many are drawn. `}
          {isCut && `Of the weights only the ${MOST_LINES.toLocaleString("en")} strongest are drawn.`}
        </p>
      )}
      <div class="wide" tabIndex={0} role="group" aria-label="Drawing of the network">
        <svg class="network" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={`The network: ${summary}`}>
          {lines.map(({ stage, from, to, share }) => (
            <line
              key={`${stage} ${from} ${to}`}
              class={`${share < 0 ? "negative" : "positive"} ${isAt(at, stage, from, to) ? "chosen" : ""}`}
              x1={x(stage)}
              y1={y(stage, from)}
              x2={x(stage + 1)}
              y2={y(stage + 1, to)}
              stroke-width={(0.3 + (WIDEST - 0.3) * Math.abs(share)).toFixed(2)}
              stroke-opacity={(0.12 + 0.7 * Math.abs(share)).toFixed(2)}
            />
          ))}
          {shown.map((units, layer) => (
            <g key={layer}>
              <text x={x(layer)} y={14} text-anchor="middle" class="title">
                {network.layers[layer]!.title.replaceAll("_", " ")}
              </text>
              {units.map((unit, place) => (
                <g key={unit} class={`node ${chosen.layer === layer && chosen.unit === unit ? "chosen" : ""}`} onClick={() => onChoose({ layer, unit })}>
                  <title>{network.layers[layer]!.names[unit]}</title>
                  <circle cx={x(layer)} cy={y(layer, place)} r={radius} />
                  {isNamed(layer, network, units) && (
                    <text x={x(layer) + (layer ? 1 : -1) * (radius + 6)} y={y(layer, place) + 4} text-anchor={layer ? "start" : "end"}>
                      {shortened(network.layers[layer]!.names[unit]!)}
                    </text>
                  )}
                </g>
              ))}
            </g>
          ))}
        </svg>
      </div>
      <p class="soft keys">
        <svg viewBox="0 0 40 8" aria-hidden="true" class="network sample">
          <line class="positive" x1="0" y1="4" x2="40" y2="4" stroke-width="4" />
        </svg>
        positive
        <svg viewBox="0 0 40 8" aria-hidden="true" class="network sample">
          <line class="negative" x1="0" y1="4" x2="40" y2="4" stroke-width="4" />
        </svg>
        negative; the thicker, the larger within its layer
      </p>
    </>
  );
}

interface Line {
  stage: number;
  from: number; // places among those that are drawn
  to: number;
  share: number; // of the largest weight of the stage, with its sign
}

function linesOf(network: Network, shown: number[][], at: Node): { lines: Line[]; isCut: boolean } {
  const all = network.stages.flatMap(({ weights }, stage) => {
    const largest = weights.reduce((most, row) => row.reduce((size, each) => Math.max(size, Math.abs(each)), most), 0) || 1;
    return shown[stage + 1]!.flatMap((unit, to) => shown[stage]!.map((input, from) => ({ stage, from, to, share: weights[unit]![input]! / largest })));
  });
  if (all.length <= MOST_LINES) return { lines: all, isCut: false };
  const weight = (line: Line) => (isAt(at, line.stage, line.from, line.to) ? 2 : Math.abs(line.share));
  return { lines: all.sort((one, other) => weight(other) - weight(one)).slice(0, MOST_LINES), isCut: true };
}

function isAt(at: Node, stage: number, from: number, to: number): boolean {
  return (at.layer === stage + 1 && at.unit === to) || (at.layer === stage && at.unit === from);
}

function isNamed(layer: number, network: Network, units: number[]): boolean {
  return (layer === 0 || layer === network.layers.length - 1) && units.length <= 32;
}

function shortened(name: string): string {
  return name.length > 15 ? `${name.slice(0, 14)}…` : name;
}
