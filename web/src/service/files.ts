// Files of tables, and how they are sent.

import { ask } from "./requests";
import type { Dataset, Reading } from "./types";

/** A file that was sent, and the table that the service has read in it. */
export interface Sent {
  dataset: Dataset;
  file: { content: Blob; name: string };
}

const CSV = "text/csv"; // a file of any other name is taken for one, too

const TYPES: Record<string, string> = {
  csv: CSV,
  tsv: CSV,
  txt: CSV,
  parquet: "application/vnd.apache.parquet",
  jsonl: "application/x-ndjson",
  ndjson: "application/x-ndjson",
  json: "application/json",
};

/** What a chooser of files offers. */
export const ENDINGS = Object.keys(TYPES)
  .map((each) => `.${each}`)
  .join(",");

export const AS_IT_LOOKS: Reading = { numbers: [], texts: [], missing_values: [] };

export async function sent(content: Blob, name: string, signal: AbortSignal, reading: Reading = AS_IT_LOOKS): Promise<Sent> {
  const query = new URLSearchParams();
  for (const [word, said] of Object.entries(reading)) for (const each of [said ?? []].flat()) query.append(word, each);
  await check(content, name);
  const headers = { "Content-Type": typeOf(name), ...called(name.replace(/\.[a-z]+$/i, "")) };
  const answer = await ask(`/v1/datasets${query.size ? `?${query}` : ""}`, { method: "POST", body: content, headers, signal });
  return { dataset: await answer.json(), file: { content, name } };
}

/** What a new dataset is called; one that is there keeps its name. */
function called(name: string): Record<string, string> {
  const shown = [...name.replace(/\p{C}/gu, "")].slice(0, 200).join("");
  const escaped = encodeURIComponent(shown).replaceAll("'", "%27");
  return shown ? { "Content-Disposition": `attachment; filename*=UTF-8''${escaped}` } : {};
}

/** Throws where it cannot be read any more, which is told apart from a service that does not answer. */
export async function check(content: Blob, name: string): Promise<void> {
  await content.slice(0, 1).arrayBuffer().catch(() => {
    throw new Error(`${name} cannot be read any more; it has changed or is gone. Choose it again.`);
  });
}

export function isCsv({ name }: { name: string }): boolean {
  return typeOf(name) === CSV;
}

export function isJson({ name }: { name: string }): boolean {
  return typeOf(name) === TYPES["json"];
}

export function typeOf(name: string): string {
  return TYPES[name.split(".").at(-1)?.toLowerCase() ?? ""] ?? CSV;
}
