// A network as columns of nodes and the weights between them, from the JSON form of its weights.

export interface Layer {
  title: string; // such as "relu"
  names: string[]; // of its nodes
}

/** What leads from one column to the next: `weights[to][from]`. */
export interface Stage {
  weights: number[][];
  bias: number[] | null;
}

export interface Network {
  layers: Layer[]; // the inputs first
  stages: Stage[];
}

export interface WeightsFile {
  metadata: {
    network: { layers: { type: string; activation?: { type: string } | string }[] };
    preprocessing?: { features?: Feature[]; classes?: unknown[] | null; targets?: { column?: string }[] | null };
  };
  weights: Record<string, unknown>;
}

interface Feature {
  kind: string;
  column: string;
  values?: unknown[];
}

/** The layers that leave nodes as they are, or act on each alone. */
const BETWEEN = new Set(["dropout", "flatten"]);

/** Undefined where there is more in the network than dense layers. */
export function networkOf(file: WeightsFile): Network | undefined {
  const { layers } = file.metadata.network;
  const dense = layers.filter((each) => each.type === "dense");
  if (dense.length === 0 || layers.some((each) => each.type !== "dense" && !BETWEEN.has(each.type))) return undefined;
  const places = Object.keys(file.weights)
    .map((name) => name.match(/^(\d+)\.weight$/)?.[1])
    .filter((place) => place !== undefined && isMatrix(file.weights[`${place}.weight`]));
  const stages = places
    .sort((one, other) => Number(one) - Number(other))
    .map((place) => ({ weights: file.weights[`${place}.weight`] as number[][], bias: (file.weights[`${place}.bias`] as number[]) ?? null }));
  if (stages.length !== dense.length) return undefined;
  const inputs = inputNames(file, stages[0]!.weights[0]?.length ?? 0);
  return {
    layers: [
      { title: "inputs", names: inputs },
      ...dense.map((layer, index) => {
        const size = stages[index]!.weights.length;
        const names = index === dense.length - 1 ? outputNames(file, size) : numbered("unit", size);
        return { title: typeof layer.activation === "string" ? layer.activation : (layer.activation?.type ?? "identity"), names };
      }),
    ],
    stages,
  };
}

function isMatrix(value: unknown): boolean {
  return Array.isArray(value) && Array.isArray(value[0]) && typeof value[0][0] === "number";
}

function inputNames(file: WeightsFile, size: number): string[] {
  const names = (file.metadata.preprocessing?.features ?? []).flatMap((each) => {
    if (each.kind === "text") return (each.values ?? []).map((value) => `${each.column} = ${value}`);
    return [each.kind === "missing" ? `${each.column} missing` : each.column];
  });
  return names.length === size ? names : numbered("input", size);
}

function outputNames(file: WeightsFile, size: number): string[] {
  const { classes, targets } = file.metadata.preprocessing ?? {};
  if (classes && classes.length === size) return classes.map(String);
  if (classes && classes.length === 2 && size === 1) return [String(classes[1])];
  if (targets && targets.length === size) return targets.map((each, index) => each.column ?? `output ${index + 1}`);
  return numbered("output", size);
}

function numbered(word: string, size: number): string[] {
  return Array.from({ length: size }, (_, index) => `${word} ${index + 1}`);
}

/** At most `most` of so many places, at equal distances. */
export function thinned(size: number, most: number): number[] {
  if (size <= most) return Array.from({ length: size }, (_, index) => index);
  return Array.from({ length: most }, (_, index) => Math.round((index * (size - 1)) / (most - 1)));
}
