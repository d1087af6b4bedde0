// One row of one's own through the trained network.

import { useEffect, useState } from "preact/hooks";
import { Problem } from "../parts/pieces";
import { count, hasEnded, number } from "../parts/words";
import { get, post, Refused, told } from "../service/requests";
import { useTurns } from "../service/turns";
import type { Column, Dataset, Entry, Job } from "../service/types";
import { TextField } from "../submit/field";
import { numeric } from "../submit/draft";
import { featuresOf } from "./learned";

const MOST_FIELDS = 60;

type Value = string | number | boolean | null;
type Row = Record<string, Value>;

interface Outcome {
  classes: Value[] | null;
  predictions: Prediction[];
  warnings: { message: string }[];
}

interface Prediction {
  values: Row;
  probabilities?: Record<string, number | null | Record<string, number | null>>;
}

/** Asks for what the network learned from, and tells what it makes of it. */
export function Predict({ job }: { job: Job }) {
  const { columns, first, problem: missing } = useColumns(job);
  const [typed, setTyped] = useState<ReadonlyMap<string, string>>(new Map());
  const [answer, setAnswer] = useState<Outcome | null>(null);
  const [wrong, setWrong] = useState<ReadonlyMap<string, string>>(new Map());
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const nextTurn = useTurns();
  const textOf = (column: Column) => typed.get(column.name) ?? String(first[column.name] ?? "");

  if (!job.weights) return <p class="card">{hasEnded(job.status) ? "It left no weights to predict with." : "It has no weights to predict with before it ends."}</p>;
  if (missing) return <Problem text={missing} />;
  if (columns === null) return null;
  if (columns.length > MOST_FIELDS) return <p class="card">It learned from {count(columns.length)} columns; rows of so many are predicted through the API.</p>;

  async function ask(event: SubmitEvent) {
    event.preventDefault();
    if (isBusy) return;
    const signal = nextTurn();
    setBusy(true);
    try {
      const row = Object.fromEntries(columns!.map((each) => [each.name, valueOf(each, textOf(each))]));
      const outcome = await post<Outcome>(`/v1/jobs/${job.id}/predict`, { rows: [row] }, {}, signal);
      if (signal.aborted) return;
      setAnswer(outcome);
      setWrong(new Map());
      setProblem("");
    } catch (error) {
      if (signal.aborted) return;
      const { fields, others } = placed(error instanceof Refused ? error.entries : [], columns!);
      setWrong(fields);
      setProblem(fields.size ? others.join(" ") : told(error));
      setAnswer(null);
    } finally {
      if (!signal.aborted) setBusy(false);
    }
  }

  /** What was predicted, or is being, is of another row. */
  function type(column: Column, text: string) {
    nextTurn();
    setBusy(false);
    setAnswer(null);
    setTyped((before) => new Map(before).set(column.name, text));
  }

  return (
    <form onSubmit={ask}>
      <h2>A row of your own</h2>
      <p class="soft">It begins as row 0 of the data. What is empty is missing.</p>
      <div class="grid card">
        {columns.map((each, index) => (
          <TextField
            key={each.name}
            id={`feature-${index}`}
            label={each.name}
            isNumber={each.kind === "number"}
            placeholder="missing"
            value={textOf(each)}
            error={wrong.get(each.name)}
            onType={(text) => type(each, text)}
          />
        ))}
      </div>
      <button type="submit" aria-disabled={isBusy}>
        Predict
      </button>
      <Problem text={problem} />
      <div aria-live="polite">{answer && <Answer outcome={answer} />}</div>
    </form>
  );
}

function Answer({ outcome: { classes, predictions, warnings } }: { outcome: Outcome }) {
  const prediction = predictions[0]!;
  return (
    <section class="card" aria-label="Prediction">
      <dl class="facts measures">
        {Object.entries(prediction.values).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof value === "number" && classes === null ? number(value) : String(value ?? "–")}</dd>
          </div>
        ))}
      </dl>
      {likelinesses(prediction).map(([label, likely]) => (
        <label key={label} class="likely">
          <span>{label}</span>
          <progress max={1} value={likely} />
          <strong>{(100 * likely).toFixed(1)} %</strong>
        </label>
      ))}
      {warnings.map(({ message }) => (
        <p key={message} class="warning">
          <strong>Look at this:</strong> {message}
        </p>
      ))}
    </section>
  );
}

const MOST_LABELS = 10;

/** The likeliest first. */
function likelinesses({ probabilities = {} }: Prediction): [string, number][] {
  const found = Object.entries(probabilities).flatMap(([label, each]) => (typeof each === "number" ? [[label, each] as [string, number]] : []));
  return found.sort(([, one], [, other]) => other - one).slice(0, MOST_LABELS);
}

/** As the column holds it; what is none of it the service says. */
function valueOf(column: Column, text: string): Value {
  const typed = text.trim();
  if (typed === "") return null;
  if (column.kind === "number") return numeric(typed);
  if (column.kind === "boolean" && /^(true|false)$/i.test(typed)) return typed.toLowerCase() === "true";
  return column.kind === "text" ? text : typed;
}

/** The messages by the columns at which they stand, and those of none. */
function placed(entries: Entry[], columns: Column[]): { fields: Map<string, string>; others: string[] } {
  const fields = new Map<string, string>();
  const others: string[] = [];
  for (const { pointer, message } of entries) {
    const name = nameOf(pointer);
    if (columns.some((each) => each.name === name)) fields.set(name, message);
    else others.push(pointer ? `${pointer}: ${message}` : message);
  }
  return { fields, others };
}

/** The column in /rows/0/column. */
function nameOf(pointer = ""): string {
  return pointer.split("/").slice(3).join("/").replaceAll("~1", "/").replaceAll("~0", "~");
}

/** What the network learned from, as far as its data are still there, and their first row. */
function useColumns(job: Job): { columns: Column[] | null; first: Row; problem: string } {
  const [found, setFound] = useState<{ columns: Column[] | null; first: Row; problem: string }>({ columns: null, first: {}, problem: "" });
  useEffect(() => {
    const control = new AbortController();
    const path = `/v1/datasets/${job.dataset.id}`;
    Promise.all([get<Dataset>(path, control.signal), get<{ data: Row[] }>(`${path}/preview`, control.signal)])
      .then(([dataset, preview]) => setFound({ columns: featuresOf(job, dataset.columns), first: preview.data[0] ?? {}, problem: "" }))
      .catch((error) => control.signal.aborted || setFound({ columns: null, first: {}, problem: told(error) }));
    return () => control.abort();
  }, [job.id]);
  return found;
}
