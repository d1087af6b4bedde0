import { withoutAdvice } from "../parts/advice";
import { Progress } from "../parts/pieces";
import { jobAddress, newAddress } from "../parts/routes";
import { ACTIVE, count, ENDED, epochsOf, hasEnded, meaning, moment, number, plain, seconds } from "../parts/words";
import type { Failure, Job, Measured, Result, Status } from "../service/types";
import { featuresOf, useDataset } from "./learned";

const FAULTS = {
  user: "The request or its data caused this.",
  capacity: "It was more than the service gives.",
  system: "This was the service’s fault, not yours.",
};

/** How well the job does: its best epoch first, the last beside it. */
export function Summary({ job }: { job: Job }) {
  const { epoch, epochs, eta_seconds: left } = job.progress;
  const facts: [string, string][] = [
    ["Epoch", epochs === null || isShort(job.result) ? count(epoch) : `${count(epoch)} of ${count(epochs)}`],
    left === null ? ["Time", seconds(job.used_seconds)] : ["Left", seconds(left)],
    ["Submitted", moment(job.created_at)],
  ];
  return (
    <section class="card" aria-label="Summary">
      {ACTIVE.has(job.status) && epochs !== null && <Progress label="Progress" epoch={epoch} epochs={epochs} />}
      <Learned job={job} />
      {epoch > 0 && <Measures job={job} />}
      <dl class="facts line">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt class="capital">{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {job.result && <p>{ended(job.result, epochs)}</p>}
      {job.error && <Failed error={job.error} />}
      {[...(job.result?.warnings ?? []), ...job.warnings.map((each) => withoutAdvice(each.message))].map((message) => (
        <p key={message} class="warning">
          <strong>Look at this:</strong> {message}
        </p>
      ))}
      {job.retry_of && (
        <p>
          It repeats <a href={jobAddress(job.retry_of)}>another job</a>.
        </p>
      )}
    </section>
  );
}

/** What went wrong, at which places of the request, whose fault it was and what helps. */
function Failed({ error: { fault, code, message, hint, problems = [] } }: { error: Failure }) {
  const places = problems.filter((each) => each.pointer);
  return (
    <div class="problem">
      <p>
        <strong>It failed:</strong> {message}
      </p>
      {places.length > 0 && (
        <ul>
          {places.map((each) => (
            <li key={each.pointer}>
              <code>{each.pointer}</code>
              {each.message !== message && `: ${each.message}`}
            </li>
          ))}
        </ul>
      )}
      <p>
        {FAULTS[fault]} <span class="soft">({code})</span>
      </p>
      {hint && (
        <p>
          <strong>What helps:</strong> {hint}
        </p>
      )}
    </div>
  );
}

/** Whether it ended before its last epoch. */
function isShort(result: Result | null): boolean {
  return result !== null && result.stopped !== "epochs";
}

/** "It stopped early, after 22 of 223 epochs: no better for 10; best at 12." */
function ended({ epochs, stopped, best_epoch: best }: Result, most: number | null): string {
  const after = `after ${most === null || most === epochs ? epochsOf(epochs) : `${count(epochs)} of ${epochsOf(most)}`}`;
  const since = epochs - best;
  if (stopped === "early") return `It stopped early, ${after}: ${since > 0 ? `no better for ${count(since)}; ` : "hardly better any more; "}best at ${count(best)}.`;
  return `It ended ${after}: ${ENDED[stopped]}; best at ${count(best)}.`;
}

const MOST_INPUTS = 8; // that are named

/** What it learns, from what. */
function Learned({ job }: { job: Job }) {
  const dataset = useDataset(job);
  const inputs = dataset ? featuresOf(job, dataset.columns).map((each) => each.name) : [];
  return (
    <p>
      {learns(job.status)} to tell <strong>{targetOf(job)}</strong> from {inputs.length > 0 && <Inputs names={inputs} />}
      {inputs.length > 0 && " in "}
      <a href={newAddress(job.dataset.id)}>{dataset?.name ?? "its table"}</a>
      {dataset && `, ${count(dataset.rows)} rows`}.
    </p>
  );
}

function learns(status: Status): string {
  if (!hasEnded(status)) return "It learns";
  return status === "succeeded" ? "It learned" : "It was to learn";
}

function Inputs({ names }: { names: string[] }) {
  if (names.length <= MOST_INPUTS) return <>{names.join(", ")}</>;
  return (
    <>
      {names.slice(0, MOST_INPUTS).join(", ")} and {count(names.length - MOST_INPUTS)} more
    </>
  );
}

function targetOf({ dataset: { target } }: Job): string {
  return [target].flat().map(String).join(", ");
}

interface Measure {
  name: string;
  means: string;
  of: (epoch: Measured) => number | null | undefined;
}

function Measures({ job }: { job: Job }) {
  const last: Measured = job.progress;
  const best = job.progress.best ?? last;
  const isValidated = job.measured_on === "validation";
  const target = targetOf(job);
  const measures: Measure[] = [
    ...Object.keys(last.metrics).map((name) => ({ name: plain(name), means: meaning(name, target), of: (epoch: Measured) => epoch.metrics[name] })),
    ...(isValidated ? [{ name: "Validation loss", means: "", of: (epoch: Measured) => epoch.validation_loss }] : []),
    { name: isValidated ? "Loss in training" : "Loss", means: "", of: (epoch) => epoch.loss },
  ];
  return (
    <>
      <p class="measured">
        {best.epoch === last.epoch ? "Epoch" : "Best epoch"} <strong>{count(best.epoch)}</strong>, measured on {isValidated ? "validation" : "training"} rows
      </p>
      <dl class="facts measures">
        {measures.map(({ name, means, of }) => (
          <div key={name}>
            <dt class="capital">{name}</dt>
            <dd>
              {number(of(best))}
              {means && <span class="soft">{means}</span>}
              {best.epoch !== last.epoch && <span class="soft">last {number(of(last))}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
