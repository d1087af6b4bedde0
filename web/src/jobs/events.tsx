import { useEffect, useState } from "preact/hooks";
import { Problem } from "../parts/pieces";
import { moment, plain } from "../parts/words";
import { get, told } from "../service/requests";
import type { Event, Job, List } from "../service/types";

const SENTENCES: Record<string, string> = {
  submitted: "It was submitted.",
  claimed: "A worker took it up.",
  succeeded: "It was trained to its end.",
  failed: "It failed.",
  cancelled: "It was cancelled.",
  paused: "It was paused.",
  resumed: "It was queued again.",
};

/** What happened to a job, in order. */
export function Events({ job }: { job: Job }) {
  const [events, setEvents] = useState<Event[]>([]);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const control = new AbortController();
    all(job.id, control.signal)
      .then((found) => (setEvents(found), setProblem("")))
      .catch((error) => control.signal.aborted || setProblem(told(error)));
    return () => control.abort();
  }, [job.id, job.status, job.attempt, job.progress.epochs]);

  return (
    <>
      <h2>What happened</h2>
      <Problem text={problem} />
      <ol class="events">
        {events.map((event) => (
          <li key={event.seq}>
            <time dateTime={event.at}>{moment(event.at)}</time>
            <strong>{SENTENCES[event.type] ?? `${plain(event.type)}.`}</strong>
            <span class="soft">{details(event)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

async function all(id: string, signal: AbortSignal): Promise<Event[]> {
  const found: Event[] = [];
  let after: string | null = "0";
  while (after !== null && found.length < 1000) {
    const page: List<Event> = await get(`/v1/jobs/${id}/events?limit=100&after=${after}`, signal);
    found.push(...page.data);
    after = page.next_cursor;
  }
  return found;
}

function details(event: Event): string {
  return Object.entries(event.data)
    .map(([name, value]) => `${plain(name)}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" · ");
}
