// What a job learns from: its table, and the columns of it that go in.

import { useEffect, useState } from "preact/hooks";
import { get } from "../service/requests";
import type { Column, Dataset, Job } from "../service/types";

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
