import { Progress } from "../parts/pieces";
import { jobAddress } from "../parts/routes";
import { ACTIVE, count, moment, number, plain, seconds } from "../parts/words";
import type { Job, Measured } from "../service/types";

const FAULTS = {
  user: "The request or its data caused this.",
  capacity: "It was more than the service gives.",
  system: "This was the service’s fault, not yours.",
};
const STOPPED = {
  epochs: "all epochs are done",
  budget: "the time is spent",
  early: "it improved no more",
  converged: "it found no lower loss",
};

/** How well the job does: its best epoch first, the last beside it. */
export function Summary({ job }: { job: Job }) {
  const { epoch, epochs, eta_seconds: left } = job.progress;
  const facts: [string, string][] = [
    ["Epoch", epochs === null ? count(epoch) : `${count(epoch)} of ${count(epochs)}`],
    left === null ? ["Time", seconds(job.used_seconds)] : ["Left", seconds(left)],
    ["Submitted", moment(job.created_at)],
  ];
  return (
    <section class="card" aria-label="Summary">
      {ACTIVE.has(job.status) && epochs !== null && <Progress label="Progress" epoch={epoch} epochs={epochs} />}
      {epoch > 0 && <Measures job={job} />}
      <dl class="facts line">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt class="capital">{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {job.result && (
        <p>
          It ended after {count(job.result.epochs)} epochs: {STOPPED[job.result.stopped]}. The best was epoch {count(job.result.best_epoch)}.
        </p>
      )}
      {job.error && (
        <div class="problem">
          <p>
            <strong>It failed:</strong> {job.error.message}
          </p>
          <p>
            {FAULTS[job.error.fault]} <span class="soft">({job.error.code})</span>
          </p>
        </div>
      )}
      {job.warnings.map((each) => (
        <p key={each.pointer} class="warning">
          <strong>Look at this:</strong> {each.message}
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

interface Measure {
  name: string;
  of: (epoch: Measured) => number | null | undefined;
}

function Measures({ job }: { job: Job }) {
  const last: Measured = job.progress;
  const best = job.progress.best ?? last;
  const isValidated = job.measured_on === "validation";
  const measures: Measure[] = [
    ...(isValidated ? [{ name: "Validation loss", of: (epoch: Measured) => epoch.validation_loss }] : []),
    ...Object.keys(last.metrics).map((name) => ({ name: plain(name), of: (epoch: Measured) => epoch.metrics[name] })),
    { name: isValidated ? "Loss in training" : "Loss", of: (epoch) => epoch.loss },
  ];
  return (
    <>
      <p class="measured">
        {best.epoch === last.epoch ? "Epoch" : "Best epoch"} <strong>{count(best.epoch)}</strong>, measured on {isValidated ? "validation" : "training"} rows
      </p>
      <dl class="facts measures">
        {measures.map(({ name, of }) => (
          <div key={name}>
            <dt class="capital">{name}</dt>
            <dd>
              {number(of(best))}
              {best.epoch !== last.epoch && <span class="soft">last {number(of(last))}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
