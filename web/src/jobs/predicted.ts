// A table of new rows, predicted: read as the one that the job learned from, and taken off the service again.

import { count } from "../parts/words";
import { ask, get } from "../service/requests";
import type { Column, Dataset, Entry, Job, Reading } from "../service/types";
import { adapted } from "../submit/remarks";
import { AS_IT_LOOKS, sent } from "../submit/table";
import { joined, type Joined } from "./joined";
import { delimiterOf, fieldsOf, Records } from "./records";

export const SHOWN = 10; // rows
const MOST_NAMED = 60; // columns; more make an address too long
const HEAD_BYTES = 1 << 16; // in which the names of the columns stand
const OWN = "of this prediction"; // with a number that no cell holds: the same file read so is nobody else's dataset
const TAIL = 1 << 17; // characters of the answer's end, where its warnings stand

type Value = string | number | boolean | null;

export interface Predicted extends Joined {
  dataset: Dataset;
  rows: Record<string, Value>[]; // the first, as they were read
  warnings: string[];
}

/** `features` are what the network learned from, `reading` is how their table was read; `tell` hears what is being done. */
export async function predicted(file: File, job: Job, features: Column[], reading: Reading | null, signal: AbortSignal, tell: (doing: string) => void): Promise<Predicted> {
  if (file.size === 0) throw new Error("The file is empty.");
  tell(`Reading ${file.name} …`);
  const asked = await readingOf(file, features, reading ?? AS_IT_LOOKS);
  const own = { ...asked, missing_values: [...asked.missing_values, `${OWN} ${crypto.getRandomValues(new Uint32Array(4)).join("-")}`] };
  const { dataset } = await sent(file, file.name, new AbortController().signal, own); // to its end: else nobody knew what to remove
  const remove = () => void ask(`/v1/datasets/${dataset.id}`, { method: "DELETE", keepalive: true }).catch(() => {});
  addEventListener("pagehide", remove);
  try {
    signal.throwIfAborted();
    tell(`Predicting ${count(dataset.rows)} rows …`);
    const first = await get<{ data: Record<string, Value>[] }>(`/v1/datasets/${dataset.id}/preview`, signal);
    const answer = await rowsOf(job, dataset, "text/csv", "", signal);
    const targets = [job.dataset["target"]].flat().length;
    const point = (dataset.reading ?? reading)?.decimal ?? null;
    const found = await joined(answer, isCsv(file) ? file : null, { rows: dataset.rows, shown: SHOWN, targets, point });
    const warnings = [...ofReading(dataset, features), ...(await warningsOf(await rowsOf(job, dataset, "application/json", "?probabilities=false", signal)))];
    return { ...found, dataset, rows: first.data.slice(0, SHOWN), warnings };
  } finally {
    removeEventListener("pagehide", remove);
    remove();
  }
}

async function rowsOf(job: Job, dataset: Dataset, form: string, query: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const headers = { "Content-Type": "application/json", Accept: form };
  const answer = await ask(`/v1/jobs/${job.id}/predict${query}`, { method: "POST", body: JSON.stringify({ dataset: dataset.id }), headers, signal });
  return answer.body!;
}

function isCsv({ name }: File): boolean {
  return !/\.(parquet|jsonl?|ndjson)$/i.test(name);
}

/** As the table was read that the job learned from: each of its columns as numbers or texts, so that a cell which is none is told with its row. */
async function readingOf(file: File, features: Column[], reading: Reading): Promise<Reading> {
  const isTyped = /\.parquet$/i.test(file.name);
  const of = (kind: "number" | "text", said: string[]) =>
    features.flatMap(({ name, kind: each }) => (said.includes(name) || (each === kind && !isTyped && features.length <= MOST_NAMED) ? [name] : []));
  const wanted = { ...reading, numbers: of("number", reading.numbers), texts: of("text", reading.texts) };
  const header = isCsv(file) ? await headerOf(file) : null;
  if (!header) return wanted;
  const there = (columns: string[]) => columns.filter((each) => header.names.has(each)); // of others the prediction tells
  const decimal = header.hasCommas || reading.decimal !== "comma" ? reading.decimal : null;
  return { ...wanted, numbers: there(wanted.numbers), texts: there(wanted.texts), ...(decimal === undefined ? {} : { decimal }) };
}

/** The names in the first line of a CSV, and whether commas may stand in its fields; null where it cannot be read, of which the service tells more. */
async function headerOf(file: File): Promise<{ names: Set<string>; hasCommas: boolean } | null> {
  try {
    const begin = file.slice(0, HEAD_BYTES);
    const [header = ""] = await new Records(begin.stream()).takeAll(1);
    const bare = header.replace(/^\ufeff/, "");
    const delimiter = delimiterOf(bare);
    return { names: new Set(fieldsOf(bare, delimiter)), hasCommas: delimiter !== "," || (await begin.text()).includes('"') };
  } catch {
    return null;
  }
}

/** What the columns that the network learned from warn of, and which of them are empty. */
function ofReading({ columns }: Dataset, features: Column[]): string[] {
  const wanted = new Set(features.map((each) => each.name));
  return columns.flatMap(({ name, kind, reason, warning }) => {
    if (!wanted.has(name)) return [];
    if (kind === "ignored") return reason ? [`column "${name}": ${adapted(reason, "")}`] : [];
    return kind === "number" && warning ? [`column "${name}": ${adapted(warning, "if they separate thousands, leave them out of the file")}`] : [];
  });
}

/** Those at the end of an answer in JSON, of which no more is kept. */
async function warningsOf(answer: ReadableStream<Uint8Array>): Promise<string[]> {
  const reader = answer.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let end = "";
  for (let piece; !(piece = await reader.read()).done; ) end = (end + piece.value).slice(-TAIL);
  const found: Entry[] = JSON.parse(`{${end.slice(end.lastIndexOf('"warnings":'))}`).warnings;
  return found.map((each) => each.message);
}

/** What is wrong with the table, a line for each. */
export function mistakes(entries: Entry[], message: string): string[] {
  const found = entries.length ? entries.map((each) => each.message) : [message];
  return found.map((each) => adapted(each.replace(/^(numbers|texts): /, ""), "correct them in the file or leave them empty, then choose it again"));
}
