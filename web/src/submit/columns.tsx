import { useState } from "preact/hooks";
import { count, number } from "../parts/words";
import type { Column, Dataset } from "../service/types";
import { KINDS, type Kind } from "./reading";
import { remarkOf } from "./remarks";

export const COLUMNS = "columns"; // the id of the table
const MOST = 60; // that are listed; of wide tables the others are found by their names

interface Props {
  dataset: Dataset;
  target: string;
  inputs: ReadonlySet<string>;
  kinds: ReadonlyMap<string, Kind>; // as which it shall be read
  onTick: (column: string, isInput: boolean) => void;
  onKind: ((column: string, kind: Kind) => void) | null; // null: it cannot be read again
}

/** What each column holds, and whether the network sees it. */
export function Columns({ dataset, target, inputs, kinds, onTick, onKind }: Props) {
  const [wanted, setWanted] = useState("");
  const found = dataset.columns.filter((each) => each.name.toLowerCase().includes(wanted.toLowerCase()));
  const told = new Set([...(dataset.reading?.numbers ?? []), ...(dataset.reading?.texts ?? [])]);
  const isWide = dataset.columns.length > MOST;

  return (
    <>
      {isWide && (
        <div class="field">
          <label for="column">Find a column among {count(dataset.columns.length)}</label>
          <input id="column" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        </div>
      )}
      <div id={COLUMNS} class="wide" tabIndex={0} role="group" aria-label="Columns">
        <table class="columns">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Input</th>
              <th scope="col">Holds</th>
              <th scope="col">Missing</th>
              <th scope="col">What is in it</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, MOST).map((column) => (
              <tr key={column.name}>
                <th scope="row">{column.name}</th>
                <td>
                  {column.name === target ? (
                    <span class="soft">target</span>
                  ) : (
                    <input
                      type="checkbox"
                      aria-label={`${column.name} is an input`}
                      disabled={column.kind === "ignored"}
                      checked={inputs.has(column.name)}
                      onChange={(event) => onTick(column.name, event.currentTarget.checked)}
                    />
                  )}
                </td>
                <td>{onKind ? <KindChoice column={column} isFound={!told.has(column.name)} kind={kinds.get(column.name) ?? "as found"} onKind={onKind} /> : column.kind}</td>
                <td data-label="Missing">{count(column.missing)}</td>
                <td>
                  {contents(column)}
                  <Remark text={remarkOf(column, inputs, onKind !== null)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.length > MOST && <p class="soft">{count(found.length - MOST)} more are not listed here; what is an input is used all the same.</p>}
    </>
  );
}

function Remark({ text }: { text: string }) {
  return text ? <span class="warning">{text}</span> : null;
}

/** As it was found, or what the column shall be whatever it looks like. */
function KindChoice({ column, isFound, kind, onKind }: { column: Column; isFound: boolean; kind: Kind; onKind: (column: string, kind: Kind) => void }) {
  return (
    <select class="kind" aria-label={`What ${column.name} holds`} value={kind} onChange={(event) => onKind(column.name, event.currentTarget.value as Kind)}>
      {KINDS.map((each) => (
        <option key={each} value={each}>
          {each === "as found" && isFound ? `as found: ${column.kind}` : each}
        </option>
      ))}
    </select>
  );
}

function contents(column: Column): string {
  if (column.kind === "ignored") return column.reason ?? "not used";
  if (column.kind === "number" && column.mean !== null)
    return `${number(column.min)} to ${number(column.max)}, mean ${number(column.mean)}, deviation ${number(column.deviation)}`;
  const values = column.values ?? [];
  const more = (column.distinct ?? values.length) - Math.min(values.length, 5);
  return values.slice(0, 5).map(String).join(", ") + (more > 0 ? ` and ${count(more)} more` : "");
}
