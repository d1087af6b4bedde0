// One job: what it is doing, its curves, its network, what happened to it and what it was asked for.

import { useEffect, useRef, useState } from "preact/hooks";
import { Curves } from "../charts/curves";
import { Learning } from "../learning/learning";
import { Badge, Problem, Title } from "../parts/pieces";
import { jobAddress, place } from "../parts/routes";
import { hasEnded, title } from "../parts/words";
import { AFTER_ERRORS_S, seen, slept } from "../service/polling";
import { ask, Refused, told } from "../service/requests";
import type { Job } from "../service/types";
import { Actions } from "./actions";
import { Confusion } from "./confusion";
import { Downloads } from "./downloads";
import { Events } from "./events";
import { Predict } from "./predict";
import { Settings } from "./settings";
import { Summary } from "./summary";

const TABS = [
  ["", "Curves"],
  ["learning", "How it learns"],
  ["predict", "Predict"],
  ["events", "Events"],
  ["settings", "Settings"],
] as const;
const WAIT_S = 20; // where the service allows it, else what it does
const UNCHANGED_S = 1; // between two answers that told nothing new

export function JobPage({ id }: { id: string }) {
  const { job, problem, show } = useJob(id);
  const { tab, others } = place.value;
  const [drawn, setDrawn] = useState<Job | null>(null);
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
        <span role="status" class="state">
          <Badge status={job.status} />
        </span>
        <Actions job={job} onChange={show} />
      </div>
      <Problem text={problem} />
      <Summary job={tab === "" && isStill(drawn, job) ? drawn : job} />
      <nav class="tabs" aria-label="About this job">
        {TABS.filter(([name]) => name !== "predict" || tab === name || job.weights).map(([name, label]) => (
          <a key={name} href={jobAddress(id, name, name ? [] : others)} aria-current={tab === name ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      {tab === "" && job.weights && <Downloads job={job} />}
      {tab === "" && <Curves job={job} others={others} onDrawn={setDrawn} />}
      {tab === "" && job.result?.confusion_matrix && <Confusion matrix={job.result.confusion_matrix} />}
      {tab === "learning" && <Learning job={job} />}
      {tab === "predict" && <Predict job={job} />}
      {tab === "events" && <Events job={job} />}
      {tab === "settings" && <Settings job={job} />}
    </>
  );
}

/** Whether a running job is told of as its curves show it, so that both speak of the same epoch. */
function isStill(drawn: Job | null, job: Job): drawn is Job {
  return drawn !== null && drawn.id === job.id && drawn.attempt === job.attempt && drawn.status === job.status && !hasEnded(job.status);
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
          const known: Record<string, string> = etag.current ? { "If-None-Match": etag.current, Prefer: `wait=${WAIT_S}` } : {};
          const answer = await ask(`/v1/jobs/${id}`, { headers: known, signal });
          if (answer.status === 200) {
            const found: Job = await answer.json();
            if (signal.aborted) return;
            etag.current = answer.headers.get("ETag");
            setJob(found);
            isOver = hasEnded(found.status);
          }
          setProblem("");
          if (!isOver) await slept(answer.status === 304 ? UNCHANGED_S : 0.25, signal);
        } catch (error) {
          if (signal.aborted) return;
          setProblem(told(error));
          isOver = error instanceof Refused && [401, 403, 404].includes(error.status);
          if (!isOver) await slept(AFTER_ERRORS_S, signal);
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
