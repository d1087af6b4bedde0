// Columns of numbers that were read as texts, since some of their cells are none or are written otherwise.

import type { Dataset } from "../service/types";
import { likeness, type Misread } from "./remarks";

interface Props {
  columns: Misread[];
  dataset: Dataset;
  isRefused: boolean; // else it could be trained so, too
  isBusy: boolean;
  onRead: ((columns: Misread[]) => void) | null; // null: the file is not at hand
}

/** A line for each, and one button that reads them all as numbers. */
export function MisreadColumns({ columns, dataset, isRefused, isBusy, onRead }: Props) {
  if (columns.length === 0) return null;
  const isOne = columns.length === 1;
  const readable = columns.filter(({ number_like: { words } }) => words); // the others hold more than numbers, such as currency signs
  const hasOdd = readable.some(({ number_like: { cells, of } }) => cells < of);
  return (
    <section class={isRefused ? "problem misread" : "warning misread"} aria-label="Numbers read as texts">
      <p>
        {isOne ? "One column was read as texts" : `${columns.length} columns were read as texts`}, though most of {isOne ? "its" : "their"} cells look like numbers:
      </p>
      <ul>
        {columns.map((each) => (
          <li key={each.name}>
            <strong>{each.name}</strong>: {likeness(each, dataset)}
            {!readable.includes(each) && "; write the numbers alone into the file, without other signs, to have it read as numbers"}
          </li>
        ))}
      </ul>
      {onRead && (
        <>
          {readable.length > 0 && (
            <button type="button" aria-disabled={isBusy} onClick={() => onRead(readable)}>
              Read {readable.length === 1 ? "it" : "them"} as numbers{hasOdd && ", what is none as missing"}
            </button>
          )}
          <p>If texts are meant, choose texts under Holds; if a column is no input, untick it.</p>
        </>
      )}
    </section>
  );
}
