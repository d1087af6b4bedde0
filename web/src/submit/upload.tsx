import { useEffect, useRef, useState } from "preact/hooks";
import { withoutAdvice } from "../parts/advice";
import { advisedEncoding, NotUtf8 } from "../parts/encoding";
import { Problem } from "../parts/pieces";
import { count, when } from "../parts/words";
import { AS_IT_LOOKS, ENDINGS, sent } from "../service/files";
import { get, told } from "../service/requests";
import { useTurns } from "../service/turns";
import type { DatasetSummary, List } from "../service/types";
import type { Draft } from "./draft";
import { RINGS, XOR, xorDraft } from "./examples";
import { sentBefore, type Table } from "./table";

/** A file that was refused, since it is not UTF-8. */
interface Unread {
  file: File;
  message: string;
  encoding: string;
}

/** Takes a table: a file that is dragged here or chosen, one that was sent before, or an example. */
export function Upload({ onTable }: { onTable: (table: Table) => void }) {
  const [problem, setProblem] = useState("");
  const [unread, setUnread] = useState<Unread | null>(null);
  const [isBusy, setBusy] = useState("");
  const [isOver, setOver] = useState(false);
  const [known, setKnown] = useState<DatasetSummary[]>([]);
  const nextTurn = useTurns();
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const control = new AbortController();
    get<List<DatasetSummary>>("/v1/datasets?limit=100", control.signal)
      .then((page) => setKnown(page.data))
      .catch((error) => control.signal.aborted || setProblem(told(error)));
    return () => control.abort();
  }, []);

  /** Where a file is not written in UTF-8 it can be read otherwise. */
  function refuse(error: unknown, file?: File) {
    const advised = advisedEncoding(error);
    setUnread(file && advised ? { file, message: told(error), encoding: advised } : null);
    setProblem(file && advised ? "" : withoutAdvice(told(error)));
  }

  /** What was told of a file goes when another thing is begun; while the file itself is read otherwise, the choice for it stays. */
  async function take(work: (signal: AbortSignal) => Promise<Table>, what: string, file?: File) {
    const signal = nextTurn();
    setBusy(what);
    setProblem("");
    setUnread((before) => (before?.file === file ? before : null));
    try {
      const table = await work(signal);
      if (!signal.aborted) onTable(table);
    } catch (error) {
      if (!signal.aborted) refuse(error, file);
    } finally {
      if (!signal.aborted) setBusy("");
    }
  }

  const send = (content: Blob, name: string, draft: Partial<Draft> = {}) => take(async (signal) => ({ ...(await sent(content, name, signal)), draft }), `Reading ${name} …`);
  const sendFile = (file: File, encoding?: string) =>
    take(
      (signal) => sent(file, file.name, signal, { ...AS_IT_LOOKS, ...(encoding ? { encoding } : {}) }),
      `Reading ${file.name} …`,
      file,
    );
  const takeKnown = (id: string) => take((signal) => sentBefore(id, signal), "Looking at it …");
  const sendFirst = (files: FileList | null | undefined) => files?.[0] && sendFile(files[0]);

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
          accept={ENDINGS}
          aria-describedby="file-help"
          onChange={(event) => sendFirst(event.currentTarget.files)}
        />
        <p class="soft" id="file-help">
          Or drop it here. CSV, JSON lines, JSON or Parquet; the first line of a CSV names the columns.
        </p>
      </div>
      <p role="status">{isBusy}</p>
      <Problem text={problem} />
      {unread && <NotUtf8 name={unread.file.name} message={unread.message} advised={unread.encoding} isBusy={isBusy !== ""} onRead={(encoding) => sendFile(unread.file, encoding)} />}
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
