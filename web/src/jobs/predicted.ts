// A table of new rows, predicted: the service reads the file as that from which the job learned, and keeps nothing of it.

import { adapted } from "../parts/advice";
import { check, isCsv, isJson, typeOf } from "../service/files";
import { ask, Refused } from "../service/requests";
import type { Entry, Job } from "../service/types";
import { wholeOf } from "./answer";
import { withoutSign, type Sign } from "./doubtful";
import { joined, type Joined } from "./joined";

export interface Predicted extends Omit<Joined, "warnings"> {
  warnings: string[];
}

/** How the file is written, where somebody says so. */
export interface Said {
  encoding?: string;
  decimal?: Sign;
}

export async function predicted(file: File, job: Job, signal: AbortSignal, said: Said): Promise<Predicted> {
  if (file.size === 0) throw new Error("The file is empty.");
  await check(file, file.name);
  const { answer, isShort } = await answerOf(file, job, signal, said);
  const { warnings, ...found } = await joined(await wholeOf(answer, signal), isCsv(file) ? file : null, signal);
  const told = warnings.map((each) => adapted(each.message, "if they separate thousands, leave them out of the file"));
  return { ...found, warnings: [...told, ...(isShort ? [SHORT] : [])] };
}

const WITHOUT = "?probabilities=false"; // advised where it helps
const SHORT = "with the probabilities of the classes the answer would be too large, so they are left out";

async function answerOf(file: File, job: Job, signal: AbortSignal, said: Said): Promise<{ answer: Response; isShort: boolean }> {
  const headers = { "Content-Type": typeOf(file.name), Accept: "application/json" };
  const asked = (more: Record<string, string>) => {
    const query = new URLSearchParams({ ...more, ...said, ...(isJson(file) ? { format: "json" } : {}) }); // else it would be taken for a request
    return ask(`/v1/jobs/${job.id}/predict${query.size ? `?${query}` : ""}`, { method: "POST", body: file, headers, signal });
  };
  try {
    return { answer: await asked({}), isShort: false };
  } catch (error) {
    if (error instanceof Refused && error.message.includes(WITHOUT)) return { answer: await asked({ probabilities: "false" }), isShort: true };
    throw error;
  }
}

/** What is wrong with the table, a line for each. */
export function mistakes(entries: Entry[], message: string): string[] {
  const found = entries.length ? entries.map((each) => each.message) : [message];
  return found.map((each) => adapted(withoutSign(each).replace(IN_PARTS, "predict the file in parts"), "correct them in the file or leave them empty, then choose it again"));
}

const IN_PARTS = /(leave the probabilities out by \?probabilities=false, or )?send the table in parts/;
