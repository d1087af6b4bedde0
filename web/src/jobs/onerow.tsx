// A row that is typed in, and what the network makes of it.

import { useEffect, useRef, useState } from "preact/hooks";
import { TextField } from "../parts/field";
import { Problem } from "../parts/pieces";
import { number } from "../parts/words";
import { ask, Refused, told } from "../service/requests";
import { useTurns } from "../service/turns";
import type { Column, Entry, Job, Reading } from "../service/types";
import { Answer, labelOf, wholeOf, type Prediction } from "./answer";
import type { Learned, Row, Value } from "./learned";
import { typedNumber, written } from "./typed";

interface Outcome {
  classes: Value[] | null;
  prediction: Prediction;
  warnings: Entry[];
}

/** Asks for what the network learned from, and tells what it makes of it. */
export function OneRow({ job, learned: { features: columns, first, reading } }: { job: Job; learned: Learned }) {
  const [typed, setTyped] = useState<ReadonlyMap<string, string>>(new Map());
  const [answer, setAnswer] = useState<Outcome | null>(null);
  const [wrong, setWrong] = useState<ReadonlyMap<string, string>>(new Map());
  const [refusals, setRefusals] = useState(0);
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const nextTurn = useTurns();
  const point = reading?.decimal ?? null;
  const form = useRef<HTMLFormElement>(null);
  const [spoken, setSpoken] = useState(""); // how what was typed last is read
  const textOf = ({ name }: Column) => typed.get(name) ?? written(first?.[name], point);
  const readOf = (column: Column) => (typed.has(column.name) ? meant(column, textOf(column), reading) : { value: first?.[column.name] ?? null, told: "" });

  useEffect(() => form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus(), [refusals]);

  async function predict(event: SubmitEvent) {
    event.preventDefault();
    if (isBusy) return;
    const signal = nextTurn();
    setBusy(true);
    try {
      const row = Object.fromEntries(columns.map((each) => [each.name, readOf(each).value]));
      const outcome = await outcomeOf(job, row, signal);
      if (signal.aborted) return;
      setAnswer(outcome);
      setWrong(new Map());
      setProblem("");
    } catch (error) {
      if (signal.aborted) return;
      const { fields, others } = placed(error instanceof Refused ? error.entries : [], columns, textOf);
      setWrong(fields);
      setRefusals((before) => before + (fields.size && 1));
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
    setProblem("");
    setTyped((before) => new Map(before).set(column.name, text));
    setWrong((before) => new Map([...before].filter(([name]) => name !== column.name)));
    const { told } = meant(column, text, reading);
    setSpoken(told && `${column.name} ${told}`);
  }

  return (
    <form ref={form} onSubmit={predict}>
      <p class="soft">{first ? "It begins as row 0 of the data." : "The data are gone, so it begins empty."} What is empty is missing.</p>
      <div class="grid card">
        {columns.map((each, index) => (
          <TextField
            key={each.name}
            id={`feature-${index}`}
            label={each.name}
            isNumber={each.kind === "number"}
            placeholder="missing"
            value={textOf(each)}
            help={readOf(each).told}
            error={wrong.get(each.name)}
            onType={(text) => type(each, text)}
          />
        ))}
      </div>
      <p class="unseen" role="status">
        {spoken}
      </p>
      <button type="submit" aria-disabled={isBusy}>
        Predict
      </button>
      <Problem text={problem} />
      <div aria-live="polite">{answer && <Predicted outcome={answer} />}</div>
    </form>
  );
}

async function outcomeOf(job: Job, row: Row, signal: AbortSignal): Promise<Outcome> {
  const response = await ask(`/v1/jobs/${job.id}/predict`, { method: "POST", body: JSON.stringify({ rows: [row] }), headers: { "Content-Type": "application/json" }, signal });
  const answer = await Answer.begun(await wholeOf(response, signal));
  const [prediction] = await answer.take(2); // as the warnings are behind the last
  return { classes: answer.about.classes, prediction: prediction!, warnings: answer.warnings };
}

function Predicted({ outcome: { classes, prediction, warnings } }: { outcome: Outcome }) {
  return (
    <section class="card" aria-label="Prediction">
      <dl class="facts measures">
        {Object.entries(prediction.values).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{classes && value !== null ? labelOf(value, prediction.probabilities ?? {}) : typeof value === "number" ? number(value) : String(value ?? "–")}</dd>
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

/** As the column holds it, and how it is read where that is not plain to see; what is none of it the service says. */
function meant(column: Column, text: string, reading: Reading | null): { value: Value; told: string } {
  const typed = text.trim();
  if (typed === "") return { value: null, told: "" };
  if (reading?.missing_values.includes(typed)) return { value: null, told: "is taken as missing" };
  if (column.kind === "number") return typedNumber(typed, reading?.decimal ?? null, column) ?? { value: typed, told: "" };
  if (column.kind === "boolean" && /^(true|false)$/i.test(typed)) return { value: typed.toLowerCase() === "true", told: "" };
  return { value: column.kind === "text" ? text : typed, told: "" };
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
