// The network, drawn: a node for each unit, a line for each weight, thick where it is large, dashed where it is negative.

import { useEffect, useRef } from "preact/hooks";
import { count, number, plain } from "../parts/words";
import { linesOf, MOST_LINES, type Line } from "./lines";
import { fitted, formOf, inOneLine, linesOf as linesOfName, widthOf } from "./labels";
import { drawnUnits, type Node, type Picture } from "./picture";
import { placesOf, useWidth, type Places } from "./places";

interface Props {
  picture: Picture;
  chosen: Node;
  weight?: { layer: number; to: number; from: number | null } | null; // the one that is told of
  onChoose: (node: Node) => void;
}

export function Drawing({ picture, chosen, weight, onChoose }: Props) {
  const [element, width] = useWidth();
  const units = drawnUnits(picture, chosen);
  const isThinned = units.some((drawn, layer) => drawn.length < picture.columns[layer]!.names.length);
  const { lines, isCut } = linesOf(picture, units, chosen);
  const places = placesOf(units.map((each) => each.length), width ?? 800, { first: widest(picture, 0, units[0]!), last: widest(picture, units.length - 1, units.at(-1)!) });
  const summary = picture.columns.map(({ names, title }) => `${names.length} ${plain(title)}`).join(", ");
  const isOf = (line: Line) => weight?.layer === line.stage + 1 && weight.to === line.to && weight.from === line.from;
  const { x, y } = places;
  const at = (column: number, unit: number) => y(column, units[column]!.indexOf(unit));
  const onKeyDown = useArrows(units, chosen, onChoose);

  return (
    <div ref={element} class="drawn">
      {(isThinned || isCut) && (
        <p class="soft">
          {isThinned && "Of the largest layers some units are left out. "}
          {isCut && `Of the weights only the ${count(MOST_LINES)} strongest are drawn.`}
        </p>
      )}
      <svg class="network" viewBox={`0 0 ${places.width} ${places.height}`} role="group" aria-label={`The network: ${summary}`} onKeyDown={onKeyDown}>
        <g aria-hidden="true">
          {lines.map((line) => {
            const { stage, from, to, share } = line;
            const isFaint = picture.stages[stage]!.isFaint;
            const strength = Math.abs(share);
            const thin = Math.min(1, Math.sqrt(150 / (units[stage]!.length * units[stage + 1]!.length))); // so that many faint lines stay faint
            const marked = isOf(line) ? "told" : line.isChosen && !isFaint ? "chosen" : isFaint ? "faint" : "";
            return (
              <line
                key={`${stage} ${from} ${to}`}
                class={`${share < 0 ? "negative" : "positive"} ${marked}`}
                x1={x(stage) + places.node(stage).width / 2}
                y1={at(stage, from)}
                x2={x(stage + 1) - places.node(stage + 1).width / 2}
                y2={at(stage + 1, to)}
                stroke-width={(0.4 + (isFaint ? 0.35 : 0.92) * places.widest * strength).toFixed(2)}
                stroke-opacity={((isFaint ? 0.24 * thin : 0.76) * (0.25 + 0.75 * strength)).toFixed(2)}
              />
            );
          })}
        </g>
        {picture.columns.map((column, layer) => (
          <g key={layer}>
            <text {...titleAt(layer, picture.columns.length - 1, places)} class={`title ${picture.at === layer ? "at" : ""}`} aria-hidden="true">
              {plain(column.title)}
            </text>
            {units[layer]!.map((unit) => (
              <Unit key={unit} picture={picture} places={places} node={{ layer, unit }} isChosen={chosen.layer === layer && chosen.unit === unit} y={at(layer, unit)} onChoose={onChoose} />
            ))}
          </g>
        ))}
      </svg>
      <Legend picture={picture} />
    </div>
  );
}

interface UnitProps {
  picture: Picture;
  places: Places;
  node: Node;
  isChosen: boolean;
  y: number;
  onChoose: (node: Node) => void;
}

function Unit({ picture, places, node, isChosen, y, onChoose }: UnitProps) {
  const column = picture.columns[node.layer]!;
  const { width, height } = places.node(node.layer);
  const x = places.x(node.layer);
  const name = column.names[node.unit]!;
  const value = column.values?.[node.unit];
  const most = column.values?.reduce((size, each) => Math.max(size, Math.abs(each)), 0) || 1;
  const where = node.layer === 0 ? "input" : `layer ${node.layer}`;
  const box = { x: x - width / 2, y: y - height / 2, width, height, rx: height / 2 };
  return (
    <g
      id={idOf(node)}
      class={`node ${isChosen ? "chosen" : ""}`}
      role="button"
      tabindex={isChosen ? 0 : -1} // in lower case, as SVG wants it
      aria-pressed={isChosen}
      aria-label={`${name}, ${where}${value === undefined ? "" : `: ${picture.nodes} is ${number(value)}`}`}
      onClick={() => onChoose(node)}
    >
      <rect class="body" {...box} />
      {value !== undefined && <rect class={value < 0 ? "tint negative" : "tint positive"} {...box} fill-opacity={((0.42 * Math.abs(value)) / most).toFixed(2)} />}
      {value !== undefined && places.hasValues(node.layer) && (
        <text x={x} y={y + 4} text-anchor="middle" class="value">
          {formOf(column.values!)(value)}
        </text>
      )}
      {places.isNamed(node.layer) && <Name picture={picture} places={places} node={node} y={y} />}
    </g>
  );
}

function Name({ picture, places, node: { layer, unit }, y }: { picture: Picture; places: Places; node: Node; y: number }) {
  const { names, notes } = picture.columns[layer]!;
  const room = places.room(layer);
  const [first = "", ...others] = places.hasLines(layer) ? linesOfName(names[unit]!, notes[unit] ?? []) : [names[unit]!];
  const { width, height } = places.node(layer);
  const isLeft = layer === 0;
  const x = places.isNarrow ? (isLeft ? 2 : places.width - 2) : places.x(layer) + (isLeft ? -1 : 1) * (width / 2 + 6);
  const top = places.isNarrow ? y - height / 2 - 5 : y + 4 - 7 * others.length;
  return (
    <text x={x} y={top} text-anchor={isLeft === places.isNarrow ? "start" : "end"}>
      {inOneLine(first, room)}
      {others.map((line, index) => (
        <tspan key={index} class="note" x={x} dy={places.isNarrow && index === 0 ? height + 19 : 14}>
          {fitted(line, room)}
        </tspan>
      ))}
    </text>
  );
}

/** Of the texts beside a column. */
function widest({ columns }: Picture, layer: number, units: number[]): number {
  const { names, notes } = columns[layer]!;
  return Math.max(...units.flatMap((unit) => linesOfName(names[unit]!, notes[unit] ?? []).map(widthOf)));
}

function Legend({ picture }: { picture: Picture }) {
  return (
    <p class="soft keys">
      {picture.nodes && `In the nodes: ${picture.nodes}. `}
      On the lines: {picture.lines}, the thicker the larger within its layer;{" "}
      <svg viewBox="0 0 40 8" aria-hidden="true" class="network sample">
        <line class="positive" x1="0" y1="4" x2="40" y2="4" stroke-width="4" />
      </svg>{" "}
      positive,{" "}
      <svg viewBox="0 0 40 8" aria-hidden="true" class="network sample">
        <line class="negative" x1="0" y1="4" x2="40" y2="4" stroke-width="4" />
      </svg>{" "}
      negative.
    </p>
  );
}

/** The arrow keys lead from node to node: up and down within a layer, left and right between them. */
function useArrows(units: number[][], chosen: Node, onChoose: (node: Node) => void): (event: KeyboardEvent) => void {
  const wanted = useRef("");
  useEffect(() => {
    if (wanted.current !== idOf(chosen)) return;
    wanted.current = "";
    document.getElementById(idOf(chosen))?.focus();
  }, [chosen.layer, chosen.unit]);
  return (event) => {
    const [across, along] = ARROWS[event.key] ?? [0, 0];
    const layer = chosen.layer + across;
    const column = units[layer];
    if ((!across && !along) || !column) return;
    event.preventDefault();
    const here = units[chosen.layer]!.indexOf(chosen.unit);
    const place = across ? Math.round(((here + 0.5) / units[chosen.layer]!.length) * column.length - 0.5) : here + along;
    const unit = column[Math.max(0, Math.min(column.length - 1, place))]!;
    if (layer === chosen.layer && unit === chosen.unit) return;
    wanted.current = idOf({ layer, unit });
    onChoose({ layer, unit });
  };
}

const ARROWS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Above its column; on a phone those at the sides begin and end there. */
function titleAt(layer: number, last: number, places: Places) {
  if (!places.isNarrow || (layer > 0 && layer < last)) return { x: places.x(layer), y: 14, "text-anchor": "middle" } as const;
  return layer === 0 ? ({ x: 2, y: 14, "text-anchor": "start" } as const) : ({ x: places.width - 2, y: 14, "text-anchor": "end" } as const);
}

function idOf({ layer, unit }: Node): string {
  return `node-${layer}-${unit}`;
}
