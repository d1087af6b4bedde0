import { bytes, count, plain, seconds } from "../parts/words";
import { Layers } from "../parts/layers";
import type { Job } from "../service/types";

/** What was asked for, with what the service chose. */
export function Settings({ job }: { job: Job }) {
  const chosen = Object.keys(job.chosen).filter((pointer) => !pointer.startsWith("/network"));
  const { plan } = job;
  const facts: [string, string][] = [
    ["Parameters", count(plan.parameters)],
    ["Rows trained on", count(plan.training_rows)],
    ["Rows validated on", count(plan.validation_rows)],
    ["Rows in a batch", count(plan.batch_size)],
    ["Memory", bytes(plan.memory_bytes)],
    ["Estimated time", seconds(plan.estimated_seconds)],
    ["Attempts", count(job.attempt)],
  ];
  return (
    <>
      <h2>The network</h2>
      <Layers plan={plan} />
      <dl class="facts card">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <h2>The training</h2>
      <dl class="settings card">
        {Object.entries(job.training).map(([name, value]) => (
          <div key={name}>
            <dt class="capital">
              {plain(name)} {chosen.includes(`/training/${name}`) && <span class="soft">(chosen for you)</span>}
            </dt>
            <dd>{said(value)}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>As it would be submitted again</summary>
        <pre class="wide" tabIndex={0}>
          {JSON.stringify({ name: job.name ?? undefined, network: job.network, dataset: job.dataset, training: job.training, metadata: job.metadata }, null, 2)}
        </pre>
      </details>
    </>
  );
}

/** {"type": "adam", "learning_rate": 0.01} as "adam, learning rate 0.01". */
function said(value: unknown): string {
  if (value === null) return "none";
  if (Array.isArray(value)) return value.length ? value.map(said).join(", ") : "none";
  if (typeof value !== "object") return typeof value === "string" ? plain(value) : String(value);
  const { type, ...others } = value as Record<string, unknown>;
  const fields = Object.entries(others)
    .filter(([, each]) => each !== null && each !== false && each !== undefined)
    .map(([name, each]) => `${plain(name)} ${said(each)}`);
  return [...(type ? [plain(String(type))] : []), ...fields].join(", ");
}
