// A table of new rows: a file is chosen, and its predictions are shown and offered as one.

import { useState } from "preact/hooks";
import { count, number } from "../parts/words";
import { Refused, told } from "../service/requests";
import { useTurns } from "../service/turns";
import type { Column, Job, Reading } from "../service/types";
import { save } from "./downloads";
import { mistakes, predicted, type Predicted } from "./predicted";

const MOST_COLUMNS = 12; // of the table, that are shown beside their predictions
const DIGITS = 6; // of their numbers

interface Props {
  job: Job;
  features: Column[];
  reading: Reading | null;
}

export function NewTable({ job, features, reading }: Props) {
  const [file, setFile] = useState<File | null>(null);
  const [found, setFound] = useState<Predicted | null>(null);
  const [doing, setDoing] = useState("");
  const [wrong, setWrong] = useState<string[]>([]);
  const nextTurn = useTurns();

  async function take(file: File) {
    const signal = nextTurn();
    setFile(file);
    setFound(null);
    setWrong([]);
    try {
      const found = await predicted(file, job, features, reading, signal, setDoing);
      if (!signal.aborted) setFound(found);
    } catch (error) {
      if (!signal.aborted) setWrong(mistakes(error instanceof Refused ? error.entries : [], told(error)));
    } finally {
      if (!signal.aborted) setDoing("");
    }
  }

  return (
    <div class="card">
      <div class="field">
        <label for="new-rows">A file of new rows</label>
        <input
          id="new-rows"
          type="file"
          accept=".csv,.tsv,.txt,.parquet,.json,.jsonl,.ndjson"
          aria-describedby="new-rows-help"
          onChange={({ currentTarget: input }) => {
            const chosen = input.files?.[0];
            if (chosen) take(chosen);
          }}
          onClick={({ currentTarget: input }) => (input.value = "")} // so that the same file may be chosen again
        />
        <p class="soft" id="new-rows-help">
          CSV, JSON lines, JSON or Parquet, with the columns that the network learned from
          {features.length > 0 && features.length <= MOST_COLUMNS && `: ${features.map((each) => each.name).join(", ")}`}. It is read as the table of the job was, and not kept.
        </p>
      </div>
      <p aria-live="polite">{doing || (found && <strong>{done(found.dataset.rows)}</strong>)}</p>
      {wrong.length > 0 && (
        <div class="problem" role="alert">
          <p>
            <strong>{file?.name} cannot be predicted:</strong>
          </p>
          {wrong.map((each) => (
            <p key={each}>{each}</p>
          ))}
        </div>
      )}
      {found && file && <Found found={found} file={file} job={job} features={features} />}
    </div>
  );
}

function done(rows: number): string {
  return rows === 1 ? "1 row is predicted." : `${count(rows)} rows are predicted.`;
}

function Found({ found, file, job, features }: { found: Predicted; file: File; job: Job; features: Column[] }) {
  const { dataset, first, names, rows, warnings } = found;
  const targets = [job.dataset["target"]].flat().map(String);
  const learned = new Set(features.map((each) => each.name));
  const columns = dataset.columns.filter((each) => (features.length ? learned.has(each.name) : each.kind !== "ignored")).slice(0, MOST_COLUMNS);
  const name = `${file.name.replace(/\.[a-z]+$/i, "")} predicted.csv`;
  return (
    <section aria-label={`Predicted: ${file.name}`}>
      {warnings.map((message) => (
        <p key={message} class="warning">
          <strong>Look at this:</strong> {message}
        </p>
      ))}
      <div class="actions">
        <button type="button" onClick={() => save(found.file, name)}>
          Download all as CSV
        </button>
      </div>
      <p class="soft">
        {found.isBeside ? "The rows of the file, with the predictions behind them." : "The predictions with the numbers of their rows, from 0."}
      </p>
      <div class="wide" tabIndex={0} role="group" aria-label="The first rows">
        <table>
          <caption class="soft">{first.length < dataset.rows ? `The first ${first.length} rows` : "All rows"}</caption>
          <thead>
            <tr>
              <th scope="col">Row</th>
              {targets.map((each) => (
                <th scope="col" key={each}>
                  {each}, predicted
                </th>
              ))}
              {columns.map((each) => (
                <th scope="col" key={each.name}>
                  {each.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {first.map((cells, row) => (
              <tr key={row}>
                <th scope="row">{row}</th>
                {targets.map((each, place) => (
                  <td key={each}>{said(cells, place, names, targets.length)}</td>
                ))}
                {columns.map((each) => (
                  <td key={each.name}>{shown(rows[row]?.[each.name])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** A number, or what is likeliest with its probability. */
function said(cells: string[], place: number, names: string[], targets: number) {
  const value = cells[place] ?? "";
  if (value === "") return "–";
  if (names.length === targets) return <strong>{number(Number(value))}</strong>;
  const likely = probability(value, cells, names, names[place]!, targets);
  return (
    <>
      <strong>{value}</strong> {likely !== null && <span class="soft">{(100 * likely).toFixed(1)} %</span>}
    </>
  );
}

/** Of the class; of a flag, whose column tells how likely it is to be set, of what it is said to be. */
function probability(value: string, cells: string[], names: string[], target: string, targets: number): number | null {
  const of = (label: string) => {
    const place = names.indexOf(`probability_${label}`, targets);
    return place < 0 || !cells[place] ? null : Number(cells[place]);
  };
  const set = of(target);
  if (of(value) !== null || set === null) return of(value);
  return value === "false" || value === "0" ? 1 - set : set;
}

function shown(value: string | number | boolean | null | undefined): string {
  return typeof value === "number" ? number(value, DIGITS) : String(value ?? "–");
}
