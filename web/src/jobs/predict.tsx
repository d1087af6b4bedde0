// Rows of one's own through the trained network: one that is typed in, or a table.

import { useEffect, useState } from "preact/hooks";
import { Problem } from "../parts/pieces";
import { count, hasEnded, number } from "../parts/words";
import { get, post, Refused, told } from "../service/requests";
import { useTurns } from "../service/turns";
import type { Column, Dataset, Entry, Job, Point, Reading } from "../service/types";
import { TextField } from "../submit/field";
import { featuresOf } from "./learned";
import { NewTable } from "./newtable";
import { typedNumber, written } from "./typed";

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

/** What the network makes of new rows: of one that is typed in, or of a table. */
export function Predict({ job }: { job: Job }) {
  const learned = useLearned(job);
  if (!job.weights) return <p class="card">{hasEnded(job.status) ? "It left no weights to predict with." : "It has no weights to predict with before it ends."}</p>;
  if (learned === null) return null;
  const { features, problem } = learned;
  return (
    <>
      <h2>A row of your own</h2>
      <Problem text={problem} />
      {features.length > MOST_FIELDS && <p class="card">It learned from {count(features.length)} columns, too many to type in; take a table.</p>}
      {features.length > 0 && features.length <= MOST_FIELDS && <OneRow job={job} learned={learned} />}
      <h2>A table of your own</h2>
      <NewTable job={job} features={features} reading={learned.reading} />
    </>
  );
}

/** Asks for what the network learned from, and tells what it makes of it. */
function OneRow({ job, learned: { features: columns, first, reading } }: { job: Job; learned: Learned }) {
  const [typed, setTyped] = useState<ReadonlyMap<string, string>>(new Map());
  const [answer, setAnswer] = useState<Outcome | null>(null);
  const [wrong, setWrong] = useState<ReadonlyMap<string, string>>(new Map());
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const nextTurn = useTurns();
  const point = reading?.decimal ?? null;
  const textOf = ({ name }: Column) => typed.get(name) ?? written(first[name], point);
  const valueOf = (column: Column) => (typed.has(column.name) ? meant(column, textOf(column), point) : (first[column.name] ?? null));
  const toldOf = (column: Column) => (typed.has(column.name) && column.kind === "number" ? (typedNumber(textOf(column), point, column)?.told ?? "") : "");

  async function ask(event: SubmitEvent) {
    event.preventDefault();
    if (isBusy) return;
    const signal = nextTurn();
    setBusy(true);
    try {
      const row = Object.fromEntries(columns.map((each) => [each.name, valueOf(each)]));
      const outcome = await post<Outcome>(`/v1/jobs/${job.id}/predict`, { rows: [row] }, {}, signal);
      if (signal.aborted) return;
      setAnswer(outcome);
      setWrong(new Map());
      setProblem("");
    } catch (error) {
      if (signal.aborted) return;
      const { fields, others } = placed(error instanceof Refused ? error.entries : [], columns, textOf);
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
            help={toldOf(each)}
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
function meant(column: Column, text: string, point: Point | null): Value {
  const typed = text.trim();
  if (typed === "") return null;
  if (column.kind === "number") return typedNumber(typed, point, column)?.value ?? typed;
  if (column.kind === "boolean" && /^(true|false)$/i.test(typed)) return typed.toLowerCase() === "true";
  return column.kind === "text" ? text : typed;
}

/** The messages by the columns at which they stand, and those of none. */
function placed(entries: Entry[], columns: Column[], textOf: (column: Column) => string): { fields: Map<string, string>; others: string[] } {
  const fields = new Map<string, string>();
  const others: string[] = [];
  for (const { pointer, message } of entries) {
    const name = nameOf(pointer);
    const column = columns.find((each) => each.name === name);
    if (column) fields.set(name, inWords(message, column, textOf(column)));
    else others.push(pointer ? `${pointer}: ${message}` : message);
  }
  return { fields, others };
}

/** What is wrong in a field, which stands beside it and is emptied, not null. */
function inWords(message: string, column: Column, text: string): string {
  if (column.kind === "number" && typedNumber(text, null, column) === null) return `"${text.trim()}" is no number; leave it empty where the value is missing`;
  return message.replace(/^rows\[0\]: /, "").replace(/, or null where it is missing$/, ", or nothing where it is missing");
}

/** The column in /rows/0/column. */
function nameOf(pointer = ""): string {
  return pointer.split("/").slice(3).join("/").replaceAll("~1", "/").replaceAll("~0", "~");
}

interface Learned {
  features: Column[];
  first: Row;
  reading: Reading | null;
  problem: string;
}

const NOTHING: Learned = { features: [], first: {}, reading: null, problem: "" };

/** What the network learned from, as far as its data are still there, how they were read, and their first row; null until that is known. */
function useLearned(job: Job): Learned | null {
  const [found, setFound] = useState<Learned | null>(null);
  useEffect(() => {
    const control = new AbortController();
    const path = `/v1/datasets/${job.dataset.id}`;
    Promise.all([get<Dataset>(path, control.signal), get<{ data: Row[] }>(`${path}/preview`, control.signal)])
      .then(([{ columns, reading }, preview]) => setFound({ features: featuresOf(job, columns), first: preview.data[0] ?? {}, reading, problem: "" }))
      .catch((error) => control.signal.aborted || setFound({ ...NOTHING, problem: told(error) }));
    return () => control.abort();
  }, [job.id]);
  return found;
}
