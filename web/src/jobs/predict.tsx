// One row of one's own through the trained network.

import { useEffect, useState } from "preact/hooks";
import { Problem } from "../parts/pieces";
import { count, number } from "../parts/words";
import { get, post, Refused, told } from "../service/requests";
import type { Column, Dataset, Job } from "../service/types";
import { TextField } from "../submit/field";
import { numeric } from "../submit/draft";
import { featuresOf } from "./learned";

const MOST_FIELDS = 60;

type Value = string | number | boolean | null;
type Row = Record<string, Value>;

interface Prediction {
  values: Row;
  probabilities?: Record<string, number | null | Record<string, number | null>>;
}

/** Asks for what the network learned from, and tells what it makes of it. */
export function Predict({ job }: { job: Job }) {
  const { columns, first, problem: missing } = useColumns(job);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [answer, setAnswer] = useState<{ prediction: Prediction; warnings: string[] } | null>(null);
  const [wrong, setWrong] = useState<ReadonlyMap<string, string>>(new Map());
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const textOf = (column: Column) => typed[column.name] ?? String(first[column.name] ?? "");

  if (missing) return <Problem text={missing} />;
  if (columns === null) return null;
  if (columns.length > MOST_FIELDS) return <p class="card">It learned from {count(columns.length)} columns; rows of so many are predicted through the API.</p>;

  async function ask(event: SubmitEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      const row = Object.fromEntries(columns!.map((each) => [each.name, valueOf(each, textOf(each))]));
      const { predictions, warnings } = await post<{ predictions: Prediction[]; warnings: { message: string }[] }>(`/v1/jobs/${job.id}/predict`, { rows: [row] });
      setAnswer({ prediction: predictions[0]!, warnings: warnings.map((each) => each.message) });
      setWrong(new Map());
      setProblem("");
    } catch (error) {
      const entries = error instanceof Refused ? error.entries : [];
      const found = new Map(entries.map((each) => [nameOf(each.pointer), each.message]));
      const isPlaced = found.size > 0 && columns!.some((each) => found.has(each.name));
      setWrong(found);
      setProblem(isPlaced ? "" : told(error));
      setAnswer(null);
    } finally {
      setBusy(false);
    }
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
            onType={(text) => setTyped({ ...typed, [each.name]: text })}
          />
        ))}
      </div>
      <button type="submit" disabled={isBusy}>
        Predict
      </button>
      <Problem text={problem} />
      <div aria-live="polite">{answer && <Answer {...answer} />}</div>
    </form>
  );
}

function Answer({ prediction, warnings }: { prediction: Prediction; warnings: string[] }) {
  return (
    <section class="card" aria-label="Prediction">
      <dl class="facts measures">
        {Object.entries(prediction.values).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof value === "number" ? number(value) : String(value ?? "–")}</dd>
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
      {warnings.map((each) => (
        <p key={each} class="warning">
          <strong>Look at this:</strong> {each}
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
