// The losses and metrics of a job, and of others beside it.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Problem } from "../parts/pieces";
import { go, jobAddress } from "../parts/routes";
import { ACTIVE, hasEnded, plain, title } from "../parts/words";
import { AFTER_ERRORS_S, useRepeated } from "../service/polling";
import { get, told } from "../service/requests";
import type { Epoch, Job, JobSummary, List } from "../service/types";
import { Plot, type Line } from "./plot";
import { smoothed } from "./smooth";

const POINTS = 400; // of a curve: about one for each two pixels, however many epochs there are
const MOST_OTHERS = 5;
const GROWS_S = 0.4; // until it is looked whether there are more epochs
const OTHERS_S = 2;

interface History {
  job: Job;
  epochs: Epoch[];
}

interface Props {
  job: Job;
  others: string[];
  onDrawn: (job: Job | null) => void; // the job as it is drawn; null: as it is cannot be drawn
}

export function Curves({ job, others, onDrawn }: Props) {
  const own = useHistory(job, onDrawn);
  useEffect(() => () => onDrawn(null), []);
  const beside = useOthers(others);
  const [isLog, setLog] = useState(false);
  const [smoothing, setSmoothing] = useState(0);
  const [metric, setMetric] = useState("");
  const [at, setAt] = useState<number | null>(null);

  const histories = useMemo(() => [{ job, epochs: own.epochs }, ...beside.histories], [own.epochs, beside.histories]);
  const names = [...new Set(histories.flatMap((each) => Object.keys(each.epochs[0]?.metrics ?? {})))];
  const further = [...names, ...OF_TRAINING];
  const second = further.includes(metric) ? metric : further[0]!;
  const losses = useMemo(() => lossLines(histories, smoothing), [histories, smoothing]);
  const measured = useMemo(() => lines(histories, smoothing, second), [histories, smoothing, second]);

  return (
    <>
      <Problem text={own.problem || beside.problem} />
      <div class="filters">
        <label class="tick">
          <input type="checkbox" checked={isLog} onChange={(event) => setLog(event.currentTarget.checked)} /> Logarithmic
        </label>
        <div>
          <label for="smoothing">Smoothing</label>
          <input
            id="smoothing"
            type="range"
            min={0}
            max={0.98}
            step={0.02}
            value={smoothing}
            onInput={(event) => setSmoothing(event.currentTarget.valueAsNumber)}
          />
        </div>
        <Others job={job} others={others} />
      </div>
      {own.epochs.length === 0 ? (
        <p class="card">{ACTIVE.has(job.status) ? "The first epoch is not done yet." : "No epoch of it is recorded."}</p>
      ) : (
        <>
          <h2>Loss</h2>
          <Plot name="Loss" lines={losses} isLog={isLog} at={at} onAt={setAt} isSteered />
          <div class="head">
            <h2 class="capital">{plain(second)}</h2>
            <div>
              <label for="metric" class="unseen">
                Second curve
              </label>
              <select id="metric" value={second} onChange={(event) => setMetric(event.currentTarget.value)}>
                {further.map((each) => (
                  <option key={each} value={each}>
                    {plain(each)}
                  </option>
                ))}
              </select>
            </div>
          </div>
          <Plot name={plain(second)} lines={measured} isLog={isLog && !names.includes(second)} at={at} onAt={setAt} isSteered={false} />
        </>
      )}
    </>
  );
}

/** What the lines of a job are called; two jobs of one name are told apart by their ids. */
function nameOf(job: Job, histories: History[]): string {
  const isShared = histories.some((each) => each.job.id !== job.id && title(each.job) === title(job));
  return isShared ? `${title(job)} (…${job.id.slice(-6)})` : title(job);
}

function lossLines(histories: History[], smoothing: number): Line[] {
  return histories.flatMap(({ job, epochs }, colour) => {
    const of = histories.length > 1 ? ` of ${nameOf(job, histories)}` : "";
    const numbers = epochs.map((each) => each.epoch);
    const training = { label: `training${of}`, epochs: numbers, values: smoothed(epochs.map((each) => each.loss), smoothing), colour, isDashed: false };
    if (!epochs.some((each) => each.validation_loss !== null)) return [training];
    const values = smoothed(epochs.map((each) => each.validation_loss), smoothing);
    return [training, { label: `validation${of}`, epochs: numbers, values, colour: histories.length > 1 ? colour : 1, isDashed: true }];
  });
}

/** Metrics are measured on the rows for validation where there are such, and look like their loss. */
function lines(histories: History[], smoothing: number, name: string): Line[] {
  const isAlone = histories.length === 1;
  return histories.map(({ job, epochs }, colour) => {
    const isMetric = !OF_TRAINING.has(name);
    const isValidation = isMetric && job.measured_on === "validation";
    const what = isMetric ? job.measured_on : plain(name);
    return {
      label: isAlone ? what : `${what} of ${nameOf(job, histories)}`,
      epochs: epochs.map((each) => each.epoch),
      values: smoothed(epochs.map((each) => valueOf(each, name)), smoothing),
      colour: isAlone && isValidation ? 1 : colour,
      isDashed: isValidation,
    };
  });
}

const OF_TRAINING: ReadonlySet<string> = new Set(["learning_rate", "gradient_norm"]);

function valueOf(epoch: Epoch, name: string): number | null {
  if (name === "learning_rate" || name === "gradient_norm") return epoch[name];
  return epoch.metrics[name] ?? null;
}

function history(id: string, signal: AbortSignal): Promise<List<Epoch>> {
  return get(`/v1/jobs/${id}/epochs?points=${POINTS}`, signal);
}

/** The job at the last epoch that is drawn: it went on while its epochs were on their way. */
function advanced(job: Job, last: Epoch | undefined): Job {
  if (!last || last.epoch <= job.progress.epoch) return job;
  const { epoch, loss, validation_loss, metrics } = last;
  return { ...job, progress: { ...job.progress, epoch, loss, validation_loss, metrics } };
}

/** The epochs of a job, fetched anew when it has more of them, one request at a time. */
function useHistory(job: Job, onDrawn: Props["onDrawn"]): { epochs: Epoch[]; problem: string } {
  const [epochs, setEpochs] = useState<Epoch[]>([]);
  const [problem, setProblem] = useState("");
  const fetched = useRef("");
  useRepeated(
    async (signal) => {
      const version = `${job.progress.epoch} ${job.status}`;
      const isLast = hasEnded(job.status);
      if (job.progress.epoch === 0 || fetched.current === version) return isLast ? null : GROWS_S;
      try {
        const { data } = await history(job.id, signal);
        if (signal.aborted) return null;
        setEpochs(data);
        onDrawn(advanced(job, data.at(-1)));
        fetched.current = version;
        setProblem("");
        return isLast ? null : GROWS_S;
      } catch (error) {
        if (signal.aborted) return null;
        setProblem(told(error));
        onDrawn(null);
        return AFTER_ERRORS_S;
      }
    },
    [job.id],
  );
  return { epochs, problem };
}

function useOthers(ids: string[]): { histories: History[]; problem: string } {
  const [histories, setHistories] = useState<History[]>([]);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    if (ids.length === 0) setHistories([]);
  }, [ids.length]);
  useRepeated(
    async (signal) => {
      if (ids.length === 0) return null;
      try {
        const found = await Promise.all(
          ids.map(async (id) => {
            const job = await get<Job>(`/v1/jobs/${id}`, signal);
            return { job, epochs: (await history(id, signal)).data };
          }),
        );
        setHistories(found);
        setProblem("");
        return found.every(({ job }) => hasEnded(job.status)) ? null : OTHERS_S;
      } catch (error) {
        if (!signal.aborted) setProblem(told(error));
        return AFTER_ERRORS_S;
      }
    },
    [ids.join()],
  );
  return { histories, problem };
}

/** Picks the jobs that are drawn beside this one. */
function Others({ job, others }: { job: Job; others: string[] }) {
  const [known, setKnown] = useState<JobSummary[]>([]);
  useEffect(() => {
    const control = new AbortController();
    get<List<JobSummary>>("/v1/jobs?limit=100", control.signal)
      .then((page) => setKnown(page.data))
      .catch(() => setKnown([]));
    return () => control.abort();
  }, []);
  const free = known.filter((each) => each.id !== job.id && !others.includes(each.id) && each.progress.epoch > 0);
  const show = (ids: string[]) => go(jobAddress(job.id, "", ids));
  return (
    <div class="others">
      <label for="beside">Beside it</label>
      <select id="beside" value="" disabled={free.length === 0 || others.length >= MOST_OTHERS} onChange={(event) => show([...others, event.currentTarget.value])}>
        <option value="">{free.length ? "Another job …" : "No other job"}</option>
        {free.map((each) => (
          <option key={each.id} value={each.id}>
            {title(each)} ({each.status})
          </option>
        ))}
      </select>
      {others.map((id) => {
        const found = known.find((each) => each.id === id);
        const name = found ? title(found) : `…${id.slice(-6)}`;
        return (
          <button key={id} type="button" class="quiet chip" aria-label={`Take ${name} away`} onClick={() => show(others.filter((each) => each !== id))}>
            {name} ✕
          </button>
        );
      })}
    </div>
  );
}
