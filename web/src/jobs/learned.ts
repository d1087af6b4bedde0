// What a job learns from: its table, and the columns of it that go in.

import { useEffect, useState } from "preact/hooks";
import { get, Refused, told } from "../service/requests";
import type { Column, Dataset, Job, Reading } from "../service/types";
import { cardOf } from "./card";

export type Value = string | number | boolean | null;
export type Row = Record<string, Value>;

/** What is known of it where rows of that kind are to be predicted. */
export interface Learned {
  features: Column[];
  first: Row | null; // of the table; null where that is gone
  reading: Reading | null; // null: as it looks, or nobody knows any more
}

/** Null until it is known, and where it is gone. */
export function useDataset({ dataset: { id } }: Job): Dataset | null {
  const [dataset, setDataset] = useState<Dataset | null>(null);
  useEffect(() => {
    const control = new AbortController();
    get<Dataset>(`/v1/datasets/${id}`, control.signal)
      .then(setDataset)
      .catch(() => {});
    return () => control.abort();
  }, [id]);
  return dataset;
}

export function featuresOf({ dataset: { features, target, weight } }: Job, columns: Column[]): Column[] {
  const others = new Set([target, weight].flat());
  return columns.filter(({ name, kind }) => (Array.isArray(features) ? features.includes(name) : kind !== "ignored" && !others.has(name)));
}

/** Null until it is known, or there is a problem, after which it may be tried again. */
export function useLearned(job: Job): { learned: Learned | null; problem: string; retry: () => void } {
  const [learned, setLearned] = useState<Learned | null>(null);
  const [problem, setProblem] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    if (job.weights) {
      fromData(job, signal)
        .catch((error) => {
          if (error instanceof Refused && error.status === 404) return fromWeights(job, signal);
          throw error;
        })
        .then((found) => (setLearned(found), setProblem("")))
        .catch((error) => signal.aborted || setProblem(told(error)));
    }
    return () => control.abort();
  }, [job.id, job.weights === null, round]);
  return { learned, problem, retry: () => setRound(round + 1) };
}

async function fromData(job: Job, signal: AbortSignal): Promise<Learned> {
  const path = `/v1/datasets/${job.dataset.id}`;
  const [{ columns, reading }, preview] = await Promise.all([get<Dataset>(path, signal), get<{ data: Row[] }>(`${path}/preview`, signal)]);
  return { features: featuresOf(job, columns), first: preview.data[0] ?? {}, reading };
}

const KINDS: Record<string, Column["kind"]> = { number: "number", boolean: "boolean", text: "text", category: "text" };
const UNKNOWN = { missing: 0, distinct: null, values: null, min: null, max: null, mean: null, deviation: null, reason: null };

/** Where the data are gone. */
async function fromWeights(job: Job, signal: AbortSignal): Promise<Learned> {
  const { preprocessing, reading = null } = await cardOf(job, signal);
  const features = preprocessing.features.flatMap(({ column: name, kind }) => (KINDS[kind] ? [{ ...UNKNOWN, name, kind: KINDS[kind] }] : []));
  return { features, first: null, reading };
}
