// How a network learned: one example followed through it, or at least its weights, drawn.

import { useState } from "preact/hooks";
import { Problem } from "../parts/pieces";
import type { Job } from "../service/types";
import { Traced } from "./traced";
import { useTracing } from "./tracing";
import { Weights } from "./weights";

export function Learning({ job }: { job: Job }) {
  const [row, setRow] = useState(0);
  const [epoch, setEpoch] = useState<number | null>(null);
  const { trace, epochs, losses, problem, refusal, isEarly } = useTracing(job, row, epoch);

  if (trace && !refusal) {
    return (
      <>
        <h2>One example through the network</h2>
        <Traced job={job} trace={trace} epochs={epochs} losses={losses} problem={problem} row={row} epoch={epoch ?? trace.epoch} onRow={setRow} onEpoch={setEpoch} />
      </>
    );
  }
  return (
    <>
      <h2>The network</h2>
      {refusal && <p class="card">{refusal}</p>}
      <Problem text={problem} />
      {refusal || isEarly ? <Weights job={job} /> : !problem && <p class="card">Row {row} is on its way through the network …</p>}
    </>
  );
}
