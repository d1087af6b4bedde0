// A table of new rows: a file is chosen, and its predictions are shown and offered as one.

import { useEffect, useRef, useState } from "preact/hooks";
import { advisedEncoding, NotUtf8 } from "../parts/encoding";
import { count, number } from "../parts/words";
import { ENDINGS, isCsv } from "../service/files";
import { Refused, told } from "../service/requests";
import { useTurns } from "../service/turns";
import type { Column, Job } from "../service/types";
import { labelOf, type About, type Prediction } from "./answer";
import { save } from "./downloads";
import { Doubtful, doubtsOf } from "./doubtful";
import type { Value } from "./learned";
import { mistakes, predicted, type Predicted, type Said } from "./predicted";

const MOST_COLUMNS = 12; // of the table, that are shown beside their predictions

export function NewTable({ job, features }: { job: Job; features: Column[] }) {
  const [file, setFile] = useState<File | null>(null);
  const [found, setFound] = useState<Predicted | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string[]>([]);
  const [said, setSaid] = useState<Said>({}); // of how it is read
  const [unread, setUnread] = useState<{ message: string; encoding: string } | null>(null); // since it is not UTF-8
  const [doubts, setDoubts] = useState<string[] | null>(null);
  const nextTurn = useTurns();
  const chooser = useRef<HTMLInputElement>(null);

  // The button that reads a file otherwise goes with what it did.
  useEffect(() => {
    if (found && document.activeElement === document.body) chooser.current?.focus({ preventScroll: true });
  }, [found]);

  async function take(file: File, words: Said = {}) {
    const signal = nextTurn();
    setFile(file);
    setSaid(words);
    setFound(null);
    setWrong([]);
    if (!words.encoding) setUnread(null);
    if (!words.decimal) setDoubts(null);
    setBusy(true);
    try {
      const found = await predicted(file, job, signal, words);
      if (signal.aborted) return;
      setFound(found);
      setUnread(null);
      setDoubts(null);
    } catch (error) {
      if (signal.aborted) return;
      const advised = advisedEncoding(error);
      const doubts = doubtsOf(error);
      setUnread(advised ? { message: told(error), encoding: advised } : null);
      if (doubts) setDoubts(doubts);
      setWrong(advised || doubts ? [] : mistakes(error instanceof Refused ? error.entries : [], told(error)));
    } finally {
      if (!signal.aborted) setBusy(false);
    }
  }

  return (
    <div class="card">
      <div class="field">
        <label for="new-rows">A file of new rows</label>
        <input
          id="new-rows"
          ref={chooser}
          type="file"
          accept={ENDINGS}
          aria-describedby="new-rows-help"
          onChange={({ currentTarget: input }) => {
            const chosen = input.files?.[0];
            if (chosen) take(chosen);
          }}
          onClick={({ currentTarget: input }) => (input.value = "")} // so that the same file may be chosen again
          onCancel={({ currentTarget: input }) => (input.files = listOf(file))}
        />
        <p class="soft" id="new-rows-help">
          CSV, JSON lines, JSON or Parquet, with the columns that the network learned from
          {features.length > 0 && features.length <= MOST_COLUMNS && `: ${features.map((each) => each.name).join(", ")}`}. It is read as the table of the job was, and not kept.
        </p>
      </div>
      <p aria-live="polite">{isBusy ? `Predicting ${file?.name} …` : found && <strong>{done(found.about.rows)}</strong>}</p>
      {unread && file && <NotUtf8 name={file.name} message={unread.message} advised={unread.encoding} isBusy={isBusy} onRead={(encoding) => take(file, { ...said, encoding })} />}
      {doubts && file && <Doubtful name={file.name} doubts={doubts} isBusy={isBusy} onRead={(decimal) => take(file, { ...said, decimal })} />}
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
      {found && file && <Found found={found} file={file} features={features} />}
    </div>
  );
}

/** As an input for files holds it. */
function listOf(file: File | null): FileList {
  const found = new DataTransfer();
  if (file) found.items.add(file);
  return found.files;
}

function done(rows: number): string {
  return rows === 1 ? "1 row is predicted." : `${count(rows)} rows are predicted.`;
}

function Found({ found, file, features }: { found: Predicted; file: File; features: Column[] }) {
  const { about, first, cells, warnings } = found;
  const { targets, rows, reading } = about;
  const learned = new Set(features.map((each) => each.name));
  const shown = found.columns.flatMap((name, place) => (learned.has(name) || !features.length ? [{ name, place }] : [])).slice(0, MOST_COLUMNS);
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
        {found.isBeside ? "The rows of the file, with the predictions behind them." : `${isCsv(file) ? "The rows of the file could not be told apart here, so these are the" : "The"} predictions with the numbers of their rows, from 0.`}
        {found.isBeside && reading.decimal && ` The numbers of the file have decimal ${reading.decimal}s.`}
      </p>
      <div class="wide" tabIndex={0} role="group" aria-label="The first rows">
        <table>
          <caption class="soft">{first.length < rows ? `The first ${first.length} rows` : "All rows"}</caption>
          <thead>
            <tr>
              <th scope="col">Row</th>
              {targets.map((each) => (
                <th scope="col" key={each}>
                  {each}, predicted
                </th>
              ))}
              {shown.map(({ name }) => (
                <th scope="col" key={name}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {first.map((prediction, row) => (
              <tr key={row}>
                <th scope="row">{row}</th>
                {targets.map((each) => (
                  <td key={each}>{valueOf(prediction, each, about)}</td>
                ))}
                {shown.map(({ name, place }) => (
                  <td key={name}>{cells[row]?.[place] || "–"}</td>
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
function valueOf({ values, probabilities }: Prediction, target: string, about: About) {
  const value = values[target] ?? null;
  if (value === null) return "–";
  if (!probabilities) return <strong>{typeof value === "number" && about.classes === null ? number(value) : String(value)}</strong>;
  const likely = probability(value, probabilities, target, about);
  return (
    <>
      <strong>{about.classes ? labelOf(value, probabilities) : String(value)}</strong> {likely !== null && <span class="soft">{(100 * likely).toFixed(1)} %</span>}
    </>
  );
}

/** Of the class; of a flag, of which it is told how likely it is to be set, of what it is said to be. */
function probability(value: Value, of: Record<string, number | null>, target: string, { classes, targets }: About): number | null {
  if (classes !== null && targets.length === 1) return of[labelOf(value, of)] ?? null;
  const set = of[target] ?? null;
  return set === null || value ? set : 1 - set;
}
