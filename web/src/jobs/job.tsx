// One job: what it is doing, its curves, its network, what happened to it and what it was asked for.

import { useEffect, useRef, useState } from "preact/hooks";
import { Curves } from "../charts/curves";
import { Learning } from "../learning/learning";
import { Badge, Problem, Progress, Title } from "../parts/pieces";
import { jobAddress, place } from "../parts/routes";
import { ACTIVE, count, moment, number, plain, seconds, title } from "../parts/words";
import { seen, slept } from "../service/polling";
import { ask, Refused, told } from "../service/requests";
import type { Job } from "../service/types";
import { Actions } from "./actions";
import { Confusion } from "./confusion";
import { Downloads } from "./downloads";
import { Events } from "./events";
import { Settings } from "./settings";

const TABS = [
  ["", "Curves"],
  ["learning", "How it learns"],
  ["events", "Events"],
  ["settings", "Settings"],
] as const;
const WAIT_S = 20;

export function JobPage({ id }: { id: string }) {
  const { job, problem, show } = useJob(id);
  const { tab, others } = place.value;
  if (!job) {
    return (
      <>
        <Title name="Job">Job</Title>
        <Problem text={problem} />
      </>
    );
  }
  return (
    <>
      <p class="trail">
        <a href="#/">Jobs</a>
      </p>
      <div class="head">
        <Title name={title(job)}>{title(job)}</Title>
        <span role="status">
          <Badge status={job.status} />
        </span>
      </div>
      <Problem text={problem} />
      <Summary job={job} />
      <Actions job={job} onChange={show} />
      {job.weights && <Downloads job={job} />}
      <nav class="tabs" aria-label="About this job">
        {TABS.map(([name, label]) => (
          <a key={name} href={jobAddress(id, name, name ? [] : others)} aria-current={tab === name ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      {tab === "" && <Curves job={job} others={others} />}
      {tab === "" && job.result?.confusion_matrix && <Confusion matrix={job.result.confusion_matrix} />}
      {tab === "learning" && <Learning job={job} />}
      {tab === "events" && <Events job={job} />}
      {tab === "settings" && <Settings job={job} />}
    </>
  );
}

/** The job as it is: each request is answered when it has changed, or after a while. */
function useJob(id: string): { job: Job | null; problem: string; show: (job: Job, etag: string | null) => void } {
  const [job, setJob] = useState<Job | null>(null);
  const [problem, setProblem] = useState("");
  const etag = useRef<string | null>(null);
  const [round, setRound] = useState(0);

  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    (async () => {
      let isOver = false;
      while (!signal.aborted && !isOver) {
        await seen(signal);
        if (signal.aborted) return;
        try {
          const known: Record<string, string> = etag.current ? { "If-None-Match": etag.current } : {};
          const answer = await ask(`/v1/jobs/${id}${etag.current ? `?wait=${WAIT_S}` : ""}`, { headers: known, signal });
          if (answer.status === 200) {
            const found: Job = await answer.json();
            if (signal.aborted) return;
            etag.current = answer.headers.get("ETag");
            setJob(found);
            isOver = !ACTIVE.has(found.status) && found.status !== "paused";
          }
          setProblem("");
          await slept(0.25, signal);
        } catch (error) {
          if (signal.aborted) return;
          setProblem(told(error));
          isOver = error instanceof Refused && [401, 403, 404].includes(error.status);
          await slept(2, signal);
        }
      }
    })();
    return () => control.abort();
  }, [id, round]);

  function show(job: Job, tag: string | null) {
    etag.current = tag;
    setJob(job);
    setRound((before) => before + 1);
  }
  return { job, problem, show };
}

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

function Summary({ job }: { job: Job }) {
  const { epoch, epochs, loss, validation_loss: validation, metrics, eta_seconds: left } = job.progress;
  const facts: [string, string][] = [
    ["Epoch", epochs === null ? count(epoch) : `${count(epoch)} of ${count(epochs)}`],
    ["Loss", number(loss)],
    ...(validation === null ? [] : [["Validation loss", number(validation)] as [string, string]]),
    ...Object.entries(metrics).map(([name, value]): [string, string] => [plain(name), number(value)]),
    left === null ? ["Time", seconds(job.used_seconds)] : ["Left", seconds(left)],
    ["Submitted", moment(job.created_at)],
  ];
  return (
    <section class="card" aria-label="Summary">
      {ACTIVE.has(job.status) && epochs !== null && <Progress label="Progress" epoch={epoch} epochs={epochs} />}
      <dl class="facts">
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
