// Rows of one's own through the trained network: one that is typed in, or a table.

import { Problem } from "../parts/pieces";
import { count, hasEnded } from "../parts/words";
import type { Job } from "../service/types";
import { useLearned } from "./learned";
import { NewTable } from "./newtable";
import { OneRow } from "./onerow";

const MOST_FIELDS = 60;

/** What the network makes of new rows: of one that is typed in, or of a table. */
export function Predict({ job }: { job: Job }) {
  const { learned, problem, retry } = useLearned(job);
  if (!job.weights) return <p class="card">{hasEnded(job.status) ? "It left no weights to predict with." : "It has no weights to predict with before it ends."}</p>;
  if (problem) {
    return (
      <>
        <Problem text={problem} />
        <button type="button" onClick={retry}>
          Try again
        </button>
      </>
    );
  }
  if (learned === null) return null;
  const { features } = learned;
  return (
    <>
      <h2>A row of your own</h2>
      {features.length > MOST_FIELDS ? (
        <p class="card">It learned from {count(features.length)} columns, too many to type in; take a table.</p>
      ) : (
        <OneRow job={job} learned={learned} />
      )}
      <h2>A table of your own</h2>
      <NewTable job={job} features={learned.features} />
    </>
  );
}
