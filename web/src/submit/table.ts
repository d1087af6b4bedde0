// A table that was sent, with its file while that is at hand, so that it can be read otherwise.

import { sent, type Sent } from "../service/files";
import { get } from "../service/requests";
import type { Dataset, Point, Reading } from "../service/types";
import type { Draft } from "./draft";

export interface Table {
  dataset: Dataset;
  file: Sent["file"] | null; // null: it was sent before, by somebody else
  draft?: Partial<Draft>; // what suits an example
  decimal?: Point; // the sign that was said; its dataset tells one that was found, too
}

/**
 * The same file, read otherwise, which is another dataset. The one before it stays: it may have been sent in another window since, too.
 * So does this one where nobody agrees to it in the end, though it was new (201): the service cannot remove it only if it was sent once.
 */
export async function readAgain({ file, draft }: Table, reading: Reading, signal: AbortSignal): Promise<Table> {
  const { decimal } = reading;
  return { ...(await sent(file!.content, file!.name, signal, reading)), ...(draft ? { draft } : {}), ...(decimal ? { decimal } : {}) };
}

export async function sentBefore(id: string, signal?: AbortSignal): Promise<Table> {
  return { dataset: await get<Dataset>(`/v1/datasets/${id}`, signal), file: null };
}
