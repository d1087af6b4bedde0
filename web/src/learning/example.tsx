import { useEffect, useState } from "preact/hooks";
import { count } from "../parts/words";
import { written } from "./arithmetic";
import type { Trace } from "./trace";

/** Which row is looked at, and how far the network is with it. */
export function Example({ trace, row, onRow }: { trace: Trace; row: number; onRow: (row: number) => void }) {
  const [text, setText] = useState(String(row));
  useEffect(() => setText(String(row)), [row]);
  const last = trace.rows - 1;

  function type(typed: string) {
    setText(typed);
    const value = Number(typed);
    if (typed.trim() && Number.isInteger(value) && value >= 0 && value <= last) onRow(value);
  }

  return (
    <div class="example">
      <label for="row">Row</label>
      <button type="button" class="quiet" aria-label="Row before" disabled={row === 0} onClick={() => onRow(row - 1)}>
        ‹
      </button>
      <input id="row" inputMode="numeric" autocomplete="off" value={text} aria-describedby="row-help" onInput={(event) => type(event.currentTarget.value)} onBlur={() => setText(String(row))} />
      <button type="button" class="quiet" aria-label="Next row" disabled={row === last} onClick={() => onRow(row + 1)}>
        ›
      </button>
      <span class="soft" id="row-help">
        of 0 to {count(last)}; {trace.is_validation ? "it is measured on and never trained on" : "it is trained on"}
      </span>
      <span class="verdict">
        loss <strong>{written(trace.loss)}</strong>
      </span>
    </div>
  );
}
