// The texts of a drawing, cut to the room that there is for them.

const SIZE = "12.5px"; // as the style sheet has it
const NODE_CHARACTERS = 6; // that find room in a node

let context: CanvasRenderingContext2D | null = null;

/** In pixels, as it is drawn beside nodes. */
export function widthOf(text: string): number {
  context ??= document.createElement("canvas").getContext("2d");
  if (!context) return 7.5 * text.length;
  context.font = `${SIZE} ${getComputedStyle(document.body).fontFamily}`;
  return context.measureText(text).width;
}

/** The column above its value, where an input says whether a text is there; else the name, and what is noted of it. */
export function linesOf(name: string, notes: string[]): string[] {
  const [column = "", value] = parted(name);
  return value === undefined || notes.length ? [name, ...notes] : [column, `= ${value}`];
}

/** In one line: of "column = value" the value tells more. */
export function inOneLine(name: string, room: number): string {
  const [column = "", value] = parted(name);
  if (value === undefined || widthOf(name) <= room) return fitted(name, room);
  const rest = `… = ${value}`;
  const kept = [...column];
  while (kept.length > 0 && widthOf(kept.join("") + rest) > room) kept.pop();
  return kept.length ? kept.join("") + rest : fitted(`= ${value}`, room);
}

export function fitted(text: string, room: number): string {
  if (widthOf(text) <= room) return text;
  const characters = [...text];
  while (characters.length > 1 && widthOf(`${characters.join("")}…`) > room) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}

/** The value may hold " = ", too. */
function parted(name: string): string[] {
  return name.split(/ = (.*)/s);
}

/** How the numbers of a layer are written in its nodes: all alike, with as many decimals as the largest finds room for. */
export function formOf(values: number[]): (value: number) => string {
  const most = Math.max(...values.map(Math.abs));
  const decimals = most < 0.1 ? 3 : most < 10 ? 2 : most < 100 ? 1 : 0;
  const isFixed = most >= 0.01 && most.toFixed(decimals).length < NODE_CHARACTERS;
  return (value) => {
    if (value === 0) return "0";
    const text = isFixed ? value.toFixed(decimals) : value.toExponential(0);
    return (isFixed && Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−").replace("e+", "e").replace("e-", "e−");
  };
}
