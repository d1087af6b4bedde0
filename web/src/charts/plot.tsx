// One chart: lines over epochs. What is under the pointer is told beside it, in words that a reader of the screen has too.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { count, number } from "../parts/words";

export interface Line {
  label: string;
  epochs: number[];
  values: (number | null)[];
  colour: number; // of the palette in the style sheet
  isDashed: boolean;
}

const HEIGHT = 280;
const COLOURS = 6;

interface Props {
  name: string;
  lines: Line[];
  isLog: boolean;
  at: number | null; // the place that is told of, among all epochs; null: the last
  onAt: (place: number | null) => void;
  isSteered: boolean; // whether the slider of several charts is at this one
}

export function Plot({ name, lines, isLog, at, onAt, isSteered }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const told = useRef(onAt);
  told.current = onAt;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const isDark = useDark();

  const data = useMemo(() => joined(lines, isLog), [lines, isLog]);
  const shape = JSON.stringify([lines.map((line) => [line.label, line.colour, line.isDashed]), isLog, isDark]);

  useEffect(() => {
    const element = place.current!;
    const ink = (variable: string) => getComputedStyle(element).getPropertyValue(variable).trim();
    const axis: uPlot.Axis = { stroke: ink("--soft"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line"), width: 1 }, font: "12px system-ui, sans-serif" };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: true, y: false }, points: { size: 7 } },
        scales: { x: { time: false }, y: isLog ? { distr: 3 } : {} },
        axes: [
          { ...axis, values: (_, splits) => splits.map((each) => (Number.isInteger(each) ? count(each) : "")) },
          { ...axis, size: 64, values: (_, splits) => splits.map((each) => (each === null ? "" : number(each, 3))) },
        ],
        series: [
          {},
          ...lines.map((line) => ({
            label: line.label,
            stroke: ink(`--line-${line.colour % COLOURS}`),
            width: 2,
            ...(line.isDashed ? { dash: [6, 4] } : {}),
            points: { show: line.epochs.length < 2 },
            spanGaps: true,
            show: !hidden.has(line.label),
          })),
        ],
        hooks: { setCursor: [(self) => told.current(self.cursor.idx ?? null)] },
      },
      data,
      element,
    );
    chart.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape]);

  useEffect(() => {
    const zoomed = chart.current;
    if (zoomed) zoomed.setData(data, !isZoomed(zoomed));
  }, [data]);

  // What one chart is pointed at, the others show too.
  useEffect(() => {
    const drawn = chart.current;
    const epoch = at === null ? undefined : data[0][at];
    if (!drawn || (drawn.cursor.idx ?? null) === at) return;
    drawn.setCursor(epoch === undefined ? { left: -10, top: -10 } : { left: drawn.valToPos(epoch, "x"), top: 0 }, false);
  }, [at, data]);

  function toggle(label: string, index: number) {
    const next = new Set(hidden);
    if (!next.delete(label)) next.add(label);
    setHidden(next);
    chart.current?.setSeries(index + 1, { show: !next.has(label) });
  }

  const epochs = data[0];
  const last = epochs.length - 1;
  const shown = at === null || at > last ? last : at;
  return (
    <figure class="plot">
      <div ref={place} role="img" aria-label={summary(name, lines)} />
      <figcaption>
        {isSteered && (
          <p class="readout">
            <label>
              Epoch <strong>{last < 0 ? "–" : count(epochs[shown]!)}</strong>
              <input
                type="range"
                min={0}
                max={Math.max(last, 0)}
                value={shown}
                disabled={last < 1}
                aria-label="Epoch"
                aria-valuetext={last < 0 ? "none" : `epoch ${epochs[shown]}`}
                onInput={(event) => onAt(event.currentTarget.valueAsNumber)}
              />
            </label>
          </p>
        )}
        <ul class="legend">
          {lines.map((line, index) => (
            <li key={line.label}>
              <label>
                <input type="checkbox" checked={!hidden.has(line.label)} onChange={() => toggle(line.label, index)} />
                <span class={`swatch colour-${line.colour % COLOURS} ${line.isDashed ? "dashed" : ""}`} aria-hidden="true" />
                {line.label} <strong>{number(nearest(data[index + 1]!, shown))}</strong>
              </label>
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}

/** Lines over one axis: an epoch that a line does not have is a gap in it. */
function joined(lines: Line[], isLog: boolean): uPlot.AlignedData {
  const drawn = (value: number | null) => (value !== null && isLog && value <= 0 ? null : value);
  if (lines.length === 0) return [[]];
  return uPlot.join(lines.map((line) => [line.epochs, line.values.map(drawn)]));
}

/** The value there or the last before it, since lines of several jobs have their points at other epochs. */
function nearest(values: ArrayLike<number | null | undefined>, index: number): number | null {
  for (let place = index; place >= 0; place--) {
    const value = values[place];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

function isZoomed(chart: uPlot): boolean {
  const { min, max } = chart.scales["x"]!;
  const epochs = chart.data[0];
  return min !== undefined && max !== undefined && epochs.length > 1 && (min > epochs[0]! || max < epochs[epochs.length - 1]!);
}

function summary(name: string, lines: Line[]): string {
  const parts = lines.map((line) => {
    const known = line.values.filter((value) => value !== null);
    return known.length ? `${line.label} from ${number(known[0])} to ${number(known.at(-1))}` : `${line.label} without values`;
  });
  return `${name} by epoch: ${parts.join("; ") || "nothing yet"}`;
}

function useDark(): boolean {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const look = () => setDark(query.matches);
    query.addEventListener("change", look);
    return () => query.removeEventListener("change", look);
  }, []);
  return isDark;
}
