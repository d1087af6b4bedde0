// What the weights of a job carry along: the columns that the network reads, and how those of its table were read.

import { ask } from "../service/requests";
import type { Job, Reading } from "../service/types";

interface Card {
  preprocessing: { features: { column: string; kind: string }[] };
  reading?: Reading; // where something was said or found
}

const BEGIN = 1 << 16; // bytes that mostly hold all of it

/** From the begin of the file in safetensors: the length of its header in eight bytes, then that, in JSON. */
export async function cardOf(job: Job, signal: AbortSignal): Promise<Card> {
  const begin = await bytesOf(job, BEGIN, signal);
  const end = 8 + new DataView(begin).getUint32(0, true);
  const header = new TextDecoder().decode((end <= begin.byteLength ? begin : await bytesOf(job, end, signal)).slice(8, end));
  const told: Record<string, string> = JSON.parse(header).__metadata__;
  return Object.fromEntries(Object.entries(told).map(([name, text]) => [name, JSON.parse(text)])) as unknown as Card;
}

async function bytesOf(job: Job, count: number, signal: AbortSignal): Promise<ArrayBuffer> {
  return (await ask(`/v1/jobs/${job.id}/weights?format=safetensors`, { headers: { Range: `bytes=0-${count - 1}` }, signal })).arrayBuffer();
}
