// What is being put together, and the request that it stands for.

import { readings } from "../parts/typed";
import type { Dataset, Entry, Json } from "../service/types";
import { inputsOf, NO_TICKS, type Ticks } from "./inputs";

export interface LayerDraft {
  key: number;
  units: string;
  activation: string;
}

export interface Draft {
  name: string;
  target: string;
  ticks: Ticks; // whether a column is an input
  layers: LayerDraft[] | null; // null: chosen by the service
  loss: string;
  optimizer: string;
  learning_rate: string;
  epochs: string;
  batch_size: string;
  is_validated: boolean; // whether a share of the rows is kept to measure on
  snapshots: string | null; // epochs whose weights are kept; null: as suits the network
  seed: string;
}

export const AUTO = "auto";

export const EMPTY: Draft = {
  name: "",
  target: "",
  ticks: NO_TICKS,
  layers: null,
  loss: AUTO,
  optimizer: AUTO,
  learning_rate: "",
  epochs: "",
  batch_size: "",
  is_validated: true,
  snapshots: null,
  seed: "",
};

const LEAST_ROWS_TO_VALIDATE = 20; // the service splits no smaller table by itself, either

export function canValidate(dataset: Dataset): boolean {
  return dataset.rows >= LEAST_ROWS_TO_VALIDATE;
}

const SNAPSHOTS = 30; // of a network that can be watched

/** How many epochs' weights are kept, as it stands in the form. */
export function snapshotsOf(draft: Draft, isSmall: boolean): string {
  return draft.snapshots ?? (isSmall ? String(SNAPSHOTS) : "0");
}

/** The optimizer that is asked for; it is implied where only its learning rate is given. */
export function optimizerOf(draft: Draft): { type: string; isImplied: boolean } {
  const isImplied = draft.optimizer === AUTO && numeric(draft.learning_rate) !== AUTO;
  return { type: isImplied ? "adam" : draft.optimizer, isImplied };
}

/** With measures that say something to people: of a target of numbers the error in its own unit. */
export function measured(request: Json, chosen: Json): Json {
  const training = request["training"] as Json;
  const loss = training["loss"] === AUTO ? chosen["/training/loss"] : training["loss"];
  if (typeof loss !== "string") return request;
  return { ...request, training: { ...training, metrics: CLASSES.has(loss) ? ["accuracy"] : ["root_mean_squared_error", "r2"] } };
}

const CLASSES = new Set(["binary_cross_entropy", "softmax_cross_entropy"]); // the other losses learn numbers

/** The request of POST /v1/jobs, which /v1/networks/check takes too. What is empty is left to the service. */
export function requestOf(draft: Draft, dataset: Dataset, isSmall: boolean): Json {
  const features = [...inputsOf(dataset, draft.target, draft.ticks)];
  const byItself = [...inputsOf(dataset, draft.target, NO_TICKS)];
  const isOwn = features.length !== byItself.length || features.some((each, place) => each !== byItself[place]);
  const rate = numeric(draft.learning_rate);
  const snapshots = numeric(snapshotsOf(draft, isSmall), "0");
  const optimizer = rate === AUTO ? draft.optimizer : { type: optimizerOf(draft).type, learning_rate: rate };
  return {
    dataset: { id: dataset.id, target: draft.target, ...(isOwn ? { features } : {}) },
    ...(draft.layers
      ? { network: { layers: draft.layers.map((each) => ({ type: "dense", units: numeric(each.units, ""), activation: each.activation })) } }
      : {}),
    training: {
      loss: draft.loss,
      optimizer,
      epochs: numeric(draft.epochs),
      batch_size: numeric(draft.batch_size),
      ...(canValidate(dataset) ? { validation: draft.is_validated ? { fraction: 0.2 } : null } : {}),
      ...(Number(snapshots) === 0 ? {} : { snapshots }),
      ...(draft.seed.trim() ? { seed: numeric(draft.seed) } : {}),
    },
    ...(draft.name.trim() ? { name: draft.name.trim() } : {}),
  };
}

/** A number where it is one, however it is written, else what was typed: the service says what is wrong with it, as with 1,000, which may be two. */
export function numeric(text: string, empty: string = AUTO): number | string {
  const typed = text.trim();
  if (typed === "") return empty;
  const { point, comma } = readings(typed);
  return (point === null || comma === null || point === comma ? (point ?? comma) : null) ?? typed;
}

export const FIELDS = {
  target: "/dataset/target",
  features: "/dataset/features",
  layers: "/network",
  loss: "/training/loss",
  optimizer: "/training/optimizer",
  learning_rate: "/training/optimizer/learning_rate",
  epochs: "/training/epochs",
  batch_size: "/training/batch_size",
  validation: "/training/validation",
  snapshots: "/training/snapshots",
  seed: "/training/seed",
  name: "/name",
} as const;

export const layerField = (index: number, field: string) => `/network/layers/${index}/${field}`;

/** The messages by the field at which they stand: the one with the longest pointer that leads there; "" for those of no field. */
export function placed(entries: Entry[], draft: Draft): Map<string, string[]> {
  const layers = draft.layers?.flatMap((_, index) => [layerField(index, "units"), layerField(index, "activation")]) ?? [];
  const fields = [...Object.values<string>(FIELDS), ...layers];
  const found = new Map<string, string[]>();
  for (const { pointer, message: whole } of entries) {
    const message = whole.replace(/^layer \d+: /, ""); // it stands at its layer, and counts from 0
    const fitting = fields.filter((each) => pointer === each || pointer?.startsWith(`${each}/`));
    const field = fitting.reduce((longest, each) => (each.length > longest.length ? each : longest), "");
    found.set(field, [...(found.get(field) ?? []), field || !pointer ? message : `${pointer}: ${message}`]);
  }
  return found;
}
