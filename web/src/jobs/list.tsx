import { useState } from "preact/hooks";
import { Badge, Choice, Problem, Progress, Title } from "../parts/pieces";
import { jobAddress } from "../parts/routes";
import { ACTIVE, ago, count, number, reached, seconds, title, when } from "../parts/words";
import { AFTER_ERRORS_S, useRepeated } from "../service/polling";
import { get, told } from "../service/requests";
import type { JobSummary, List } from "../service/types";

const ANY = "any state";
const STATES = [ANY, "queued", "running", "paused", "succeeded", "failed", "cancelled"];

export function JobsPage() {
  const [status, setStatus] = useState(ANY);
  const [metadata, setMetadata] = useState("");
  const [cursors, setCursors] = useState<string[]>([]); // of this page and of those before it, the first of which needs none
  const [page, setPage] = useState<List<JobSummary> | null>(null);
  const [problem, setProblem] = useState("");

  const query = new URLSearchParams({ limit: "20" });
  if (status !== ANY) query.set("status", status);
  const [name = "", ...values] = metadata.split("=");
  const value = values.join("=").trim();
  if (name.trim() && value) query.set(`metadata[${name.trim()}]`, value);
  const cursor = cursors.at(-1);
  if (cursor) query.set("cursor", cursor);

  useRepeated(
    async (signal) => {
      try {
        const found = await get<List<JobSummary>>(`/v1/jobs?${query}`, signal);
        setPage(found);
        setProblem("");
        return found.data.some((job) => ACTIVE.has(job.status)) ? 1.5 : 3;
      } catch (error) {
        if (!signal.aborted) setProblem(told(error));
        return AFTER_ERRORS_S;
      }
    },
    [query.toString()],
  );

  const active = page?.data.filter((job) => ACTIVE.has(job.status)).length ?? 0;
  return (
    <>
      <div class="head">
        <Title name="Jobs">Jobs</Title>
        <a class="button" href="#/new">
          New job
        </a>
      </div>
      <form class="filters" role="search" aria-label="Jobs" onSubmit={(event) => event.preventDefault()}>
        <div>
          <label for="status">State</label>
          <Choice
            id="status"
            value={status}
            options={STATES}
            onPick={(picked) => {
              setCursors([]);
              setStatus(picked);
            }}
          />
        </div>
        <div>
          <label for="metadata">Metadata</label>
          <input
            id="metadata"
            placeholder="customer=42"
            value={metadata}
            onInput={(event) => {
              setCursors([]);
              setMetadata(event.currentTarget.value);
            }}
          />
        </div>
      </form>
      <Problem text={problem} />
      <p class="unseen" role="status">
        {page && `${page.data.length} jobs shown, ${active} of them under way`}
      </p>
      {page && page.data.length === 0 && <Nothing isFiltered={status !== ANY || (name.trim() !== "" && value !== "")} hasMore={page.has_more} />}
      {page && page.data.length > 0 && <Table jobs={page.data} />}
      {(cursors.length > 0 || page?.has_more) && (
        <nav class="pages" aria-label="Pages">
          <button type="button" class="quiet" disabled={cursors.length === 0} onClick={() => setCursors(cursors.slice(0, -1))}>
            ← Newer
          </button>
          <span>Page {cursors.length + 1}</span>
          <button type="button" class="quiet" disabled={!page?.next_cursor} onClick={() => page?.next_cursor && setCursors([...cursors, page.next_cursor])}>
            Older →
          </button>
        </nav>
      )}
    </>
  );
}

function Nothing({ isFiltered, hasMore }: { isFiltered: boolean; hasMore: boolean }) {
  if (hasMore) return <p class="card">No job of these 5,000 is like that. There are older ones.</p>;
  if (isFiltered) return <p class="card">No job is like that.</p>;
  return (
    <div class="card">
      <p>There are no jobs yet.</p>
      <p>
        <a href="#/new">Upload a table and train a network on it</a>; it takes a minute.
      </p>
    </div>
  );
}

function Table({ jobs }: { jobs: JobSummary[] }) {
  return (
    <table class="jobs">
      <caption class="unseen">Jobs, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">State</th>
          <th scope="col">Progress</th>
          <th scope="col">Loss</th>
          <th scope="col">Submitted</th>
          <th scope="col">Time</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <Row key={job.id} job={job} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ job }: { job: JobSummary }) {
  const { epoch, epochs, eta_seconds: left } = job.progress;
  const { loss, validation_loss: validation } = job.progress.best ?? job.progress;
  const others = Object.entries(job.metadata).filter(([name]) => name !== "name");
  return (
    <tr>
      <th scope="row">
        <a href={jobAddress(job.id)}>{title(job)}</a>
        {others.length > 0 && <span class="soft tags">{others.map(([name, value]) => `${name}: ${value}`).join(" · ")}</span>}
      </th>
      <td>
        <Badge status={job.status} />
      </td>
      <td class="progress">
        {ACTIVE.has(job.status) && epochs !== null && <Progress label={`Progress of ${title(job)}`} epoch={epoch} epochs={epochs} />}
        <span class="soft">{epochs === null && !job.result ? `epoch ${count(epoch)}` : reached(job)}</span>
      </td>
      <td data-label="Loss">
        {number(validation ?? loss)}
        {loss !== null && <span class="soft"> in {validation === null ? "training" : "validation"}</span>}
      </td>
      <td data-label="Submitted">
        <time dateTime={job.created_at}>
          {ago(job.created_at)} <span class="soft tags">{when(job.created_at)}</span>
        </time>
      </td>
      <td data-label="Time">{left === null ? seconds(job.used_seconds) : `${seconds(left)} left`}</td>
    </tr>
  );
}
