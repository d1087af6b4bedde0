// The traces of a job, as one walks over its rows and epochs.

import { useEffect, useRef, useState } from "preact/hooks";
import { hasEnded } from "../parts/words";
import { slept, useRepeated } from "../service/polling";
import { get, Refused, told } from "../service/requests";
import type { Job } from "../service/types";
import type { Trace } from "./trace";

const MOST_KEPT = 200; // traces
const GROWS_S = 2;
// Small networks are fetched at every epoch beforehand: the slider moves at once, and the loss has its curve.
const MOST_AHEAD = 60_000; // weights of all epochs together
const AHEAD_S = 0.5; // after the last change of the row

export interface Tracing {
  trace: Trace | null; // the last that came, while another is on its way
  epochs: number[]; // those that can be looked at
  losses: ReadonlyMap<number, number>; // of this row, by epoch, as far as they are known
  problem: string;
  refusal: string; // why there will never be one
  isEarly: boolean; // that there is none yet
}

/** The trace of a row at an epoch; without an epoch that of the best one so far, which moves on while the job runs. */
export function useTracing(job: Job, row: number, epoch: number | null): Tracing {
  const kept = useRef(new Map<string, Trace>());
  const [trace, setTrace] = useState<Trace | null>(null);
  const [epochs, setEpochs] = useState<number[]>([]);
  const [losses, setLosses] = useState<{ row: number; of: Map<number, number> }>({ row, of: new Map() });
  const [problem, setProblem] = useState("");
  const [refusal, setRefusal] = useState("");
  const [isEarly, setEarly] = useState(false);
  const seen = useRef("");
  const size = trace?.layers.reduce((sum, { weights }) => sum + (weights?.length ?? 0) * (weights?.[0]?.length ?? 0), 0) ?? Infinity;

  function show(found: Trace) {
    setTrace(found);
    setProblem("");
    setRefusal("");
  }

  /** A trace of this row and epoch, from the service where it did not come before. */
  async function fetched(epoch: number | null, signal: AbortSignal): Promise<Trace> {
    const known = epoch !== null && kept.current.get(`${row} ${epoch}`);
    if (known) return known;
    const query = new URLSearchParams({ row: String(row), ...(epoch === null ? {} : { epoch: String(epoch) }) });
    const found = await get<Trace>(`/v1/jobs/${job.id}/trace?${query}`, signal);
    kept.current.set(`${row} ${found.epoch}`, found);
    if (kept.current.size > MOST_KEPT) kept.current.delete(kept.current.keys().next().value!);
    setEpochs((before) => (before.join() === found.epochs.join() ? before : found.epochs));
    setLosses((before) => ({ row, of: new Map(before.row === row ? before.of : []).set(found.epoch, found.loss) }));
    return found;
  }

  useEffect(() => {
    const control = new AbortController();
    fetched(epoch, control.signal)
      .then((found) => control.signal.aborted || show(found))
      .catch((error) => {
        if (control.signal.aborted) return;
        if (isNoneYet(error)) setEarly(true);
        else if (error instanceof Refused && error.status === 422 && trace === null) setRefusal(told(error));
        else setProblem(told(error));
      });
    return () => control.abort();
  }, [job.id, row, epoch, job.weights]);

  useRepeated(
    async (signal) => {
      const version = `${row} ${job.progress.epoch} ${job.status}`;
      const isLast = hasEnded(job.status);
      if (refusal) return null;
      if (seen.current === version) return isLast ? null : GROWS_S;
      try {
        const found = await fetched(null, signal);
        seen.current = version;
        if (epoch === null) show(found);
      } catch {
        // While it runs the next round asks again; what the person asked for says its own problems.
      }
      return isLast ? null : GROWS_S;
    },
    [job.id, row, epoch === null],
  );

  useEffect(() => {
    if (size * epochs.length > MOST_AHEAD) return;
    const control = new AbortController();
    (async () => {
      await slept(AHEAD_S, control.signal);
      for (const each of epochs) if (!control.signal.aborted) await fetched(each, control.signal);
    })().catch(() => {}); // what the person asks for says its own problems
    return () => control.abort();
  }, [job.id, row, epochs, size]);

  return { trace, epochs, losses: losses.row === row ? losses.of : new Map(), problem, refusal, isEarly };
}

/** Before its first weights are kept, and where none are kept any more, there is nothing to see, which is no mistake. */
function isNoneYet(error: unknown): boolean {
  return error instanceof Refused && (error.status === 404 || error.status === 409);
}
