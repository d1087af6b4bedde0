// What the API answers, as far as the page looks at it; the whole stands in /openapi.json.

export type Status = "queued" | "running" | "cancelling" | "pausing" | "paused" | "succeeded" | "failed" | "cancelled";

export interface List<T> {
  data: T[];
  has_more: boolean;
  next_cursor: string | null;
}

/** As lists tell it. */
export interface JobSummary {
  id: string;
  status: Status;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  attempt: number;
  used_seconds: number;
  retry_of: string | null;
  progress: {
    epoch: number;
    epochs: number | null;
    loss: number | null;
    validation_loss: number | null;
    metrics: Record<string, number | null>;
    eta_seconds: number | null;
    best: Measured | null;
  };
  measured_on: "validation" | "training";
  name: string | null;
  dataset: { id: string };
  metadata: Record<string, string>;
  result: Result | null;
  error: Failure | null;
  weights: string | null;
}

/** Why a job failed: `hint` tells what usually helps, `problems` which places of the request are wrong. */
export interface Failure {
  fault: "user" | "capacity" | "system";
  code: string;
  message: string;
  hint?: string;
  problems?: Entry[];
}

export interface Job extends JobSummary {
  dataset: Json & { id: string };
  network: Json;
  training: Json;
  chosen: Json;
  warnings: Entry[];
  plan: Plan;
}

/** What an epoch came to; of the best one, whose weights are delivered, or of the last. */
export interface Measured {
  epoch: number;
  loss: number | null;
  validation_loss: number | null;
  metrics: Record<string, number | null>;
}

export interface Result {
  epochs: number;
  stopped: "epochs" | "budget" | "early" | "converged";
  best_epoch: number;
  warnings?: string[]; // not of jobs of older versions
  confusion_matrix?: { classes: (string | number | boolean)[]; counts: number[][] } | null; // never in lists
}

export interface Epoch {
  epoch: number;
  loss: number;
  validation_loss: number | null;
  metrics: Record<string, number | null>;
  learning_rate: number;
  gradient_norm: number | null;
  seconds: number;
}

export interface Event {
  seq: number;
  at: string;
  type: string;
  data: Json;
}

export interface Plan {
  inputs: number;
  layers: LayerPlan[];
  outputs: number;
  parameters: number;
  training_rows: number;
  validation_rows: number;
  batch_size: number;
  steps_per_epoch: number;
  memory_bytes: number;
  estimated_seconds: number;
}

export interface LayerPlan {
  type: string;
  inputs: number;
  outputs: number;
  shape: number[];
  activation: string;
  parameters: number;
}

export interface Check {
  plan: Plan;
  chosen: Json;
  warnings: Entry[];
  queue_position: number;
}

export interface Entry {
  pointer?: string;
  parameter?: string;
  message: string;
}

export interface Column {
  name: string;
  kind: "number" | "boolean" | "text" | "ignored";
  missing: number;
  distinct: number | null;
  values: (string | number | boolean)[] | null;
  min: number | null;
  max: number | null;
  mean: number | null;
  deviation: number | null;
  reason: string | null;
  warning?: string | null;
  number_like?: NumberLike | null;
}

/** Of a column of texts most of which look like numbers. */
export interface NumberLike {
  cells: number; // that look like numbers
  of: number; // that there are
  strange: number; // that are no plain numbers
  examples: { row: number; text: string }[]; // the first of these, those that look like none before others
  words?: string | null; // of an upload, that make numbers of those that look like them
}

export interface DatasetSummary {
  id: string;
  name: string | null;
  rows: number;
  column_count: number;
  created_at: string;
}

export interface Dataset extends DatasetSummary {
  columns: Column[];
  left_out: string[]; // they tell rows apart: inputs only where a job names them, or where there is nothing else
  first_line: number | null; // of the file, that holds row 0
  reading: Reading | null;
}

/** What an upload says of its cells: the columns that are numbers or texts whatever they look like, and what means a missing value. */
export interface Reading {
  numbers: string[];
  texts: string[];
  missing_values: string[];
  decimal?: Point | null; // how decimals are written, where that is said or shown
  encoding?: string | null; // of text that is not UTF-8
}

export type Point = "comma" | "point";

export type Json = Record<string, unknown>;
