// A table that was sent, with its file while that is at hand, so that it can be read otherwise.

import { ask, get } from "../service/requests";
import type { Dataset, Reading } from "../service/types";
import type { Draft } from "./draft";

export interface Table {
  dataset: Dataset;
  file: { content: Blob; name: string } | null; // null: it was sent before, by somebody else
  draft?: Partial<Draft>; // what suits an example
}

const TYPES: Record<string, string> = {
  csv: "text/csv",
  tsv: "text/csv",
  txt: "text/csv",
  parquet: "application/vnd.apache.parquet",
  jsonl: "application/x-ndjson",
  ndjson: "application/x-ndjson",
  json: "application/json",
};

export const AS_IT_LOOKS: Reading = { numbers: [], texts: [], missing_values: [] };

export async function sent(content: Blob, name: string, signal: AbortSignal, reading: Reading = AS_IT_LOOKS): Promise<Table> {
  const type = TYPES[name.split(".").at(-1)?.toLowerCase() ?? ""] ?? "text/csv";
  const shown = name.replace(/\.[a-z]+$/i, "").replace(/\p{C}/gu, "").slice(0, 200);
  const query = new URLSearchParams(shown ? { name: shown } : {});
  for (const [word, said] of Object.entries(reading)) for (const each of [said ?? []].flat()) query.append(word, each);
  // Told apart from a service that does not answer.
  await content.slice(0, 1).arrayBuffer().catch(() => {
    throw new Error(`${name} cannot be read any more; it has changed or is gone. Choose it again.`);
  });
  const answer = await ask(`/v1/datasets?${query}`, { method: "POST", body: content, headers: { "Content-Type": type }, signal });
  return { dataset: await answer.json(), file: { content, name } };
}

/** The same file, read otherwise, which is another dataset. The one before it stays: it may have been sent in another window since, too. */
export async function readAgain({ file, draft }: Table, reading: Reading, signal: AbortSignal): Promise<Table> {
  return { ...(await sent(file!.content, file!.name, signal, reading)), ...(draft ? { draft } : {}) };
}

export async function sentBefore(id: string, signal?: AbortSignal): Promise<Table> {
  return { dataset: await get<Dataset>(`/v1/datasets/${id}`, signal), file: null };
}
