// Numbers, times and states as people say them.

import type { Job, JobSummary, Status } from "../service/types";

export function number(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return "–";
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return count(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(Math.max(0, digits - 2)).replace("-", "−").replace("e+", "e").replace("e-", "e−");
  return grouped(String(Number(value.toPrecision(digits))));
}

export function count(value: number): string {
  return grouped(String(value + 0));
}

/** "10,299.5", but "1902.5" and "2023", which may be a year. */
function grouped(text: string): string {
  const [whole = "", ...decimals] = text.replace("-", "−").split(".");
  return [/\d{5}/.test(whole) ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole, ...decimals].join(".");
}

const MOST_LISTED = 4;

/** "a, b and c"; of many the first, and how many more there are. */
export function listed(names: string[]): string {
  const isLong = names.length > MOST_LISTED + 1;
  const shown = isLong ? names.slice(0, MOST_LISTED) : names.slice(0, -1);
  const last = isLong ? `${count(names.length - MOST_LISTED)} more` : names.at(-1);
  return [shown.join(", "), last].filter(Boolean).join(" and ");
}

export function seconds(value: number | null): string {
  if (value === null) return "–";
  if (value < 0.0995) return `${Math.max(1, Math.round(value * 1000))} ms`;
  if (value < 9.95) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return parts(whole, 60, "min", "s");
  const minutes = Math.round(value / 60);
  if (minutes < 1440) return parts(minutes, 60, "h", "min");
  return parts(Math.round(value / 3600), 24, "d", "h");
}

/** 125 of 60 to one as "2 min 5 s", 120 as "2 min". */
function parts(count: number, each: number, large: string, small: string): string {
  const left = count % each;
  return `${Math.floor(count / each)} ${large}${left ? ` ${left} ${small}` : ""}`;
}

export function bytes(value: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let place = 0;
  for (; value >= 1000 && place < 4; place++) value /= 1000;
  return `${place && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[place]}`;
}

export function moment(text: string): string {
  return new Date(text).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

export function ago(text: string): string {
  const passed = Math.max(0, (Date.now() - Date.parse(text)) / 1000);
  if (passed < 5) return "just now";
  if (passed < 90) return `${Math.round(passed)} s ago`;
  if (passed < 5400) return `${Math.round(passed / 60)} min ago`;
  if (passed < 129600) return `${Math.round(passed / 3600)} h ago`;
  return `${Math.round(passed / 86400)} days ago`;
}

/** The service's words that say too little, or hide a unit. */
const SAID: Record<string, string> = {
  r2: "R²",
  budget_s: "train for about so many seconds",
  max_seconds: "fail after so many seconds",
  roc_auc: "area under the ROC curve",
  l1: "L1 penalty",
  l2: "L2 penalty",
};

export function plain(word: string): string {
  return SAID[word] ?? word.replaceAll("_", " ");
}

/** What a measure is of, for those who do not know it. */
export function meaning(measure: string, target: string): string {
  if (measure === "r2") return "share of the differences explained";
  if (measure === "root_mean_squared_error") return `typical error, in the unit of ${target}`;
  if (measure === "mean_absolute_error") return `average error, in the unit of ${target}`;
  return "";
}

/** The clock's time, with its day. */
export function when(text: string): string {
  return new Date(text).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** How far it came: "12 of 100", or of one that ended before its last epoch, which is no failure, "22 epochs, stopped early". */
export function reached({ progress: { epoch, epochs }, result }: Pick<JobSummary, "progress" | "result">): string {
  if (result && result.stopped !== "epochs") return `${epochsOf(result.epochs)}, ${ENDED[result.stopped]}`;
  return epochs === null ? count(epoch) : `${count(epoch)} of ${count(epochs)}`;
}

export function epochsOf(number: number): string {
  return `${count(number)} ${number === 1 ? "epoch" : "epochs"}`;
}

/** Why it ended with this epoch. */
export const ENDED = { epochs: "all of them are done", early: "stopped early", budget: "its time was spent", converged: "it found no lower loss" };

/** What the job is called, else the end of its id; before jobs had names, their owners put them into the metadata. */
export function title(job: Pick<Job, "id" | "name" | "metadata">): string {
  return job.name || job.metadata["name"] || `Job …${job.id.slice(-6)}`;
}

export const ACTIVE: ReadonlySet<Status> = new Set(["queued", "running", "cancelling", "pausing"]);

/** Whether it stays as it is; a paused one may be resumed. */
export function hasEnded(status: Status): boolean {
  return !ACTIVE.has(status) && status !== "paused";
}

export const SIGNS: Record<Status, string> = {
  queued: "◷",
  running: "▶",
  cancelling: "◌",
  pausing: "◌",
  paused: "❚❚",
  succeeded: "✓",
  failed: "!",
  cancelled: "✕",
};
