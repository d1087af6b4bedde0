import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../parts/pieces";
import { count, when } from "../parts/words";
import { get, told } from "../service/requests";
import { useTurns } from "../service/turns";
import type { DatasetSummary, List } from "../service/types";
import type { Draft } from "./draft";
import { RINGS, XOR, xorDraft } from "./examples";
import { sent, sentBefore, type Table } from "./table";

/** Takes a table: a file that is dragged here or chosen, one that was sent before, or an example. */
export function Upload({ onTable }: { onTable: (table: Table) => void }) {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState("");
  const [isOver, setOver] = useState(false);
  const [known, setKnown] = useState<DatasetSummary[]>([]);
  const nextTurn = useTurns();
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    get<List<DatasetSummary>>("/v1/datasets?limit=100")
      .then((page) => setKnown(page.data))
      .catch((error) => setProblem(told(error)));
  }, []);

  async function take(work: (signal: AbortSignal) => Promise<Table>, what: string) {
    const signal = nextTurn();
    setBusy(what);
    setProblem("");
    try {
      const table = await work(signal);
      if (!signal.aborted) onTable(table);
    } catch (error) {
      if (!signal.aborted) setProblem(told(error));
    } finally {
      if (!signal.aborted) setBusy("");
    }
  }

  const send = (content: Blob, name: string, draft: Partial<Draft> = {}) => take(async (signal) => ({ ...(await sent(content, name, signal)), draft }), `Reading ${name} …`);
  const takeKnown = (id: string) => take((signal) => sentBefore(id, signal), "Looking at it …");
  const sendFirst = (files: FileList | null | undefined) => files?.[0] && send(files[0], files[0].name);

  return (
    <>
      <div
        class={`drop ${isOver ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          sendFirst(event.dataTransfer?.files);
        }}
      >
        <label for="file">Choose a table</label>
        <input
          id="file"
          ref={input}
          type="file"
          accept=".csv,.tsv,.txt,.parquet,.json,.jsonl,.ndjson"
          aria-describedby="file-help"
          onChange={(event) => sendFirst(event.currentTarget.files)}
        />
        <p class="soft" id="file-help">
          Or drop it here. CSV, JSON lines, JSON or Parquet; the first line of a CSV names the columns.
        </p>
      </div>
      <p role="status">{isBusy}</p>
      <Problem text={problem} />
      <div class="filters">
        {known.length > 0 && (
          <div>
            <label for="known">Or one that is here already</label>
            <select id="known" value="" onChange={(event) => event.currentTarget.value && takeKnown(event.currentTarget.value)}>
              <option value="">Choose …</option>
              {known.map((each) => (
                <option key={each.id} value={each.id}>
                  {nameOf(each, known)}
                </option>
              ))}
            </select>
          </div>
        )}
        <div>
          <span class="soft">No file at hand?</span>
          <div class="actions">
            <button type="button" class="quiet" onClick={() => send(new Blob([RINGS()]), "two rings.csv")}>
              Two rings
            </button>
            <button type="button" class="quiet" onClick={() => send(new Blob([XOR]), "exclusive or.csv", xorDraft())}>
              Exclusive or
            </button>
          </div>
        </div>
      </div>
    </>
  );
}

/** Datasets of one name and size are told apart by when they came, and those of one minute by their ids. */
function nameOf(dataset: DatasetSummary, known: DatasetSummary[]): string {
  const said = ({ name, rows, column_count }: DatasetSummary) => `${name ?? "without a name"} (${count(rows)} rows, ${count(column_count)} columns`;
  const full = (each: DatasetSummary) => `${said(each)}, ${when(each.created_at)}`;
  const isShared = known.filter((each) => full(each) === full(dataset)).length > 1;
  return `${full(dataset)}${isShared ? `, …${dataset.id.slice(-6)}` : ""})`;
}
