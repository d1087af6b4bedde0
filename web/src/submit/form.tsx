// A new job, from the table to the start; the dry run says all along what it would be, or what is wrong with it.

import { useEffect, useMemo, useState } from "preact/hooks";
import { canBeWatched } from "../learning/trace";
import { Field, TextField, Wrong } from "../parts/field";
import { Layers } from "../parts/layers";
import { Choice, Problem, Title } from "../parts/pieces";
import { go, jobAddress } from "../parts/routes";
import { bytes, count, plain, seconds } from "../parts/words";
import { post, Refused, told } from "../service/requests";
import type { Entry, Job } from "../service/types";
import { learnWords, vocabulary } from "../service/vocabulary";
import { useCheck, type Verdict } from "./check";
import { Columns } from "./columns";
import { ReadAgain } from "./again";
import { AUTO, canValidate, EMPTY, FIELDS, measured, optimizerOf, placed, requestOf, snapshotsOf, type Draft } from "./draft";
import { inputsOf } from "./inputs";
import { MisreadColumns } from "./misread";
import { Network, newLayer } from "./network";
import { draftOf, useRereading, withKind } from "./reading";
import { columnOf, inTheForm, isMisread } from "./remarks";
import { renamed, renaming } from "./renaming";
import { sentBefore, type Table } from "./table";
import { Upload } from "./upload";

/** Of a table that is yet to be chosen, or of a dataset that is there. */
export function NewJob({ dataset }: { dataset: string }) {
  const [table, setTable] = useState<Table | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(learnWords, []);
  useEffect(() => {
    if (!dataset) return;
    const control = new AbortController();
    sentBefore(dataset, control.signal)
      .then((table) => setTable((chosen) => chosen ?? table))
      .catch((error) => control.signal.aborted || setProblem(told(error)));
    return () => control.abort();
  }, [dataset]);
  return (
    <>
      <Title name="New job">New job</Title>
      <Problem text={problem} />
      {table ? <Form table={table} onTable={setTable} onOther={() => setTable(null)} /> : <Upload onTable={setTable} />}
    </>
  );
}

function Form({ table, onTable, onOther }: { table: Table; onTable: (table: Table) => void; onOther: () => void }) {
  const { dataset } = table;
  const usable = dataset.columns.filter((each) => each.kind !== "ignored");
  const [draft, setDraft] = useState<Draft>({ ...EMPTY, ...table.draft, name: dataset.name ?? "", target: usable.at(-1)?.name ?? "" });
  const rereading = useRereading(table, (other) => {
    const called = renaming(dataset, other.dataset);
    setDraft((now) => ({ ...now, target: called(now.target), ticks: renamed(now.ticks, called) }));
    onTable(other);
  });
  const { draft: reading, isWanted: isOld } = rereading;
  const [submitKey] = useState(() => crypto.getRandomValues(new Uint32Array(4)).join("-"));
  const [refusal, setRefusal] = useState<Entry[]>([]);
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);

  const [isSmall, setSmall] = useState(false);
  const request = useMemo(() => requestOf(draft, dataset, isSmall), [draft, dataset, isSmall]);
  const verdict = useCheck(request, dataset.id);
  useEffect(() => {
    if (verdict.check) setSmall(canBeWatched(verdict.check.plan));
  }, [verdict.check]);
  const inputs = inputsOf(dataset, draft.target, draft.ticks);
  const kinds = draftOf(table).kinds;
  const isSame = (name: string) => reading.kinds.get(name) === kinds.get(name); // else it is to be read again, and then judged
  const found = [...verdict.entries, ...refusal].filter((each) => isSame(columnOf(each, dataset.columns)?.name ?? ""));
  const isRefused = found.length > 0;
  const said = isRefused ? found : (verdict.check?.warnings ?? []);
  const misread = dataset.columns.filter(isMisread).filter(({ name }) => isSame(name) && said.some((each) => columnOf(each, dataset.columns)?.name === name));
  const inWords = (each: Entry) => inTheForm(each, dataset, inputs, table.file !== null);
  const errors = placed(found.filter((each) => !isMisread(columnOf(each, dataset.columns))).map(inWords), draft);
  const change = (part: Partial<Draft>) => {
    setRefusal([]);
    setDraft({ ...draft, ...part });
  };

  async function start(event: SubmitEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      // The key is of this form and this request: pressed twice, the button starts one job.
      const whole = measured(request, verdict.check!.chosen);
      const job = await post<Job>("/v1/jobs", whole, { "Idempotency-Key": `${submitKey}-${digest(JSON.stringify(whole))}` });
      go(jobAddress(job.id));
    } catch (error) {
      const entries = error instanceof Refused ? error.entries : [];
      setRefusal(entries);
      setProblem(entries.length ? "" : told(error));
      setBusy(false);
    }
  }

  const rough = { isNumber: true, placeholder: "chosen for you" };
  return (
    <form class="submit" onSubmit={start}>
      <div class="parts">
        <fieldset>
          <legend>Data</legend>
          <p>
            <strong>{dataset.name ?? "The table"}</strong>: {count(dataset.rows)} rows, {count(dataset.columns.length)} columns.{" "}
            <button type="button" class="link" onClick={onOther}>
              Take another table
            </button>
          </p>
          <Field id="target" label="What shall it learn to tell?" error={errors.get(FIELDS.target)}>
            {(described, invalid) => (
              <Choice id="target" value={draft.target} options={usable.map((each) => each.name)} describedBy={described} invalid={invalid} onPick={(target) => change({ target })} plain={false} />
            )}
          </Field>
          <Wrong messages={errors.get(FIELDS.features) ?? []} />
          <MisreadColumns
            columns={misread}
            dataset={dataset}
            isRefused={isRefused}
            isBusy={rereading.isBusy}
            onRead={table.file ? rereading.readAsNumbers : null}
          />
          <Columns
            dataset={dataset}
            target={draft.target}
            inputs={inputs}
            kinds={reading.kinds}
            onTick={(column, isInput) => change({ ticks: new Map(draft.ticks).set(column, isInput) })}
            onKind={table.file ? (column, kind) => rereading.change(withKind(reading, column, kind)) : null}
          />
          <ReadAgain table={table} rereading={rereading} />
        </fieldset>
        <Network layers={draft.layers} suggested={suggestion(verdict)} errors={errors} onChange={(layers) => change({ layers })} />
        <fieldset>
          <legend>Training</legend>
          <p class="soft">What is left empty is chosen from the data.</p>
          <div class="grid">
            <Field id="loss" label="Loss" error={errors.get(FIELDS.loss)}>
              {(described, invalid) => <Choice id="loss" value={draft.loss} options={[AUTO, ...vocabulary.value.losses]} describedBy={described} invalid={invalid} onPick={(loss) => change({ loss })} />}
            </Field>
            <Field id="optimizer" label="Optimizer" help={optimizerHelp(draft)} error={errors.get(FIELDS.optimizer)}>
              {(described, invalid) => (
                <Choice id="optimizer" value={draft.optimizer} options={[AUTO, ...vocabulary.value.optimizers]} describedBy={described} invalid={invalid} onPick={(optimizer) => change({ optimizer })} />
              )}
            </Field>
            <TextField id="rate" label="Learning rate" {...rough} value={draft.learning_rate} error={errors.get(FIELDS.learning_rate)} onType={(learning_rate) => change({ learning_rate })} />
            <TextField id="epochs" label="Epochs" {...rough} value={draft.epochs} error={errors.get(FIELDS.epochs)} onType={(epochs) => change({ epochs })} />
            <TextField id="batch" label="Rows in a batch" {...rough} value={draft.batch_size} error={errors.get(FIELDS.batch_size)} onType={(batch_size) => change({ batch_size })} />
            <TextField id="seed" label="Seed" isNumber placeholder="0" value={draft.seed} error={errors.get(FIELDS.seed)} onType={(seed) => change({ seed })} />
            <TextField
              id="snapshots"
              label="Keep the weights of so many epochs, to watch it learn"
              isNumber
              value={snapshotsOf(draft, isSmall)}
              error={errors.get(FIELDS.snapshots)}
              onType={(snapshots) => change({ snapshots })}
            />
            <TextField id="name" label="Name of the job" value={draft.name} error={errors.get(FIELDS.name)} onType={(name) => change({ name })} />
          </div>
          {canValidate(dataset) && (
            <label class="tick">
              <input type="checkbox" checked={draft.is_validated} onChange={(event) => change({ is_validated: event.currentTarget.checked })} /> Keep a fifth
              of the rows to measure on
            </label>
          )}
          <Wrong messages={errors.get(FIELDS.validation) ?? []} />
        </fieldset>
      </div>
      <aside class="card" aria-label="Dry run">
        <h2>What it will be</h2>
        {isOld ? <p role="status" class="wrong">The file is to be read again first.</p> : <Outcome verdict={verdict} others={errors.get("") ?? []} problems={found.length} inWords={inWords} />}
        <Problem text={problem} />
        <button type="submit" disabled={isBusy || isOld || found.length > 0 || !verdict.check}>
          Start the training
        </button>
      </aside>
    </form>
  );
}

interface OutcomeProps {
  verdict: Verdict;
  others: string[]; // what is wrong at no field
  problems: number;
  inWords: (warning: Entry) => Entry;
}

function Outcome({ verdict, others, problems, inWords }: OutcomeProps) {
  const { check, problem, isCurrent } = verdict;
  const isWrong = problems > 0 || problem !== "";
  return (
    <>
      <p role="status" class={isWrong ? "wrong" : "soft"}>
        {!isCurrent && "Checking …"}
        {isCurrent && !isWrong && (check?.warnings.length ? `It can start; ${check.warnings.length === 1 ? "one thing is" : `${check.warnings.length} things are`} to be looked at first.` : "All is well; it can start.")}
        {isCurrent && problems > 0 && `${problems === 1 ? "One thing is" : `${problems} things are`} not right yet.`}
        {isCurrent && problem}
      </p>
      <Wrong messages={others} />
      {check && !isWrong && (
        <>
          <Layers plan={check.plan} />
          <dl class="facts">
            {Object.entries({
              Parameters: count(check.plan.parameters),
              "Rows to train on": count(check.plan.training_rows),
              "Rows to validate on": count(check.plan.validation_rows),
              Memory: bytes(check.plan.memory_bytes),
              "Takes about": seconds(check.plan.estimated_seconds),
              "Jobs before it": count(check.queue_position),
            }).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          {check.warnings.map(inWords).map(({ message }) => (
            <p key={message} class="warning">
              <strong>Look at this:</strong> {message}
            </p>
          ))}
          <Chosen chosen={check.chosen} />
        </>
      )}
    </>
  );
}

function Chosen({ chosen }: { chosen: Record<string, unknown> }) {
  const entries = Object.entries(chosen).filter(([pointer]) => pointer.startsWith("/training/"));
  if (entries.length === 0) return null;
  return (
    <details>
      <summary>Chosen for you</summary>
      <ul>
        {entries.map(([pointer, value]) => (
          <li key={pointer}>
            {plain(pointer.slice("/training/".length))}: {typeof value === "object" ? JSON.stringify(value) : String(value)}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A learning rate is one of an optimizer: where none is chosen, that is said. */
function optimizerHelp(draft: Draft): string {
  const { type, isImplied } = optimizerOf(draft);
  return isImplied ? `${type}, which goes with a learning rate of your own` : "";
}

/** The layers of the last good dry run, to be changed by hand. */
function suggestion(verdict: Verdict) {
  const dense = verdict.check?.plan.layers.filter((each) => each.type === "dense") ?? [];
  return dense.length ? dense.map((each) => newLayer(String(each.outputs), each.activation)) : [newLayer("16", "relu"), newLayer("1", "identity")];
}

/** Tells requests apart that one form sends; crypto.subtle is not there over plain HTTP. (Bernstein's hash.) */
function digest(text: string): string {
  let hash = 5381;
  for (const character of text) hash = (Math.imul(hash, 33) ^ character.codePointAt(0)!) >>> 0;
  return hash.toString(16);
}
