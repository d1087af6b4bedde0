import { useEffect, useState } from "preact/hooks";
import { Choice, Problem } from "../parts/pieces";
import { title } from "../parts/words";
import { ask, told } from "../service/requests";
import { learnWords, vocabulary } from "../service/vocabulary";
import type { Job } from "../service/types";

/** The weights as a file, in every form that the service has. */
export function Downloads({ job }: { job: Job }) {
  const [form, setForm] = useState("safetensors");
  const [epoch, setEpoch] = useState("best");
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  useEffect(learnWords, []);

  async function download() {
    setBusy(true);
    try {
      // A link could not bring the key along.
      const answer = await ask(`/v1/jobs/${job.id}/weights?format=${form}&epoch=${epoch}`);
      const told = answer.headers.get("Content-Disposition")?.match(/filename="([^"]+)"/)?.[1];
      save(await answer.blob(), told ?? `${job.id}.${form}`);
      setProblem("");
    } catch (error) {
      setProblem(told(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <section class="card" aria-label={`Weights of ${title(job)}`}>
      <div class="filters">
        <div>
          <label for="form">Weights as</label>
          <Choice id="form" value={form} options={vocabulary.value.forms} onPick={setForm} />
        </div>
        <div>
          <label for="which">of the epoch that was</label>
          <Choice id="which" value={epoch} options={["best", "last"]} onPick={setEpoch} />
        </div>
        <button type="button" disabled={isBusy} onClick={download}>
          Download
        </button>
      </div>
      <Problem text={problem} />
    </section>
  );
}

export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
