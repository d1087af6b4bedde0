import { useRef, useState } from "preact/hooks";
import { Problem } from "../parts/pieces";
import { go, jobAddress } from "../parts/routes";
import { title } from "../parts/words";
import { ask, told } from "../service/requests";
import type { Job, Status } from "../service/types";

type Action = "pause" | "resume" | "cancel" | "retry" | "delete";

const ALLOWED: Record<Status, Action[]> = {
  queued: ["pause", "cancel"],
  running: ["pause", "cancel"],
  pausing: ["resume", "cancel"],
  paused: ["resume", "cancel"],
  cancelling: [],
  succeeded: ["delete"],
  failed: ["retry", "delete"],
  cancelled: ["retry", "delete"],
};
const LABELS: Record<Action, string> = { pause: "Pause", resume: "Resume", cancel: "Cancel", retry: "Train it again", delete: "Delete …" };

/** What can be done with the job as it is. */
export function Actions({ job, onChange }: { job: Job; onChange: (job: Job, etag: string | null) => void }) {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);

  async function act(action: Action) {
    setBusy(true);
    try {
      if (action === "delete") {
        await ask(`/v1/jobs/${job.id}`, { method: "DELETE" });
        go("#/");
        return;
      }
      const answer = await ask(`/v1/jobs/${job.id}/${action}`, { method: "POST" });
      const changed: Job = await answer.json();
      if (action === "retry") go(jobAddress(changed.id));
      else onChange(changed, answer.headers.get("ETag"));
      setProblem("");
    } catch (error) {
      setProblem(told(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <div class="actions">
        {ALLOWED[job.status].map((action) => (
          <button key={action} type="button" class="quiet" disabled={isBusy} onClick={() => (action === "delete" ? dialog.current?.showModal() : act(action))}>
            {LABELS[action]}
          </button>
        ))}
      </div>
      <Problem text={problem} />
      <dialog ref={dialog} aria-labelledby="delete-title">
        <h2 id="delete-title">Delete {title(job)}?</h2>
        <p>Its epochs, events and weights go with it, for good. Its dataset stays.</p>
        <div class="actions">
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" class="danger" disabled={isBusy} onClick={() => act("delete").then(() => dialog.current?.close())}>
            Delete
          </button>
        </div>
      </dialog>
    </>
  );
}
