// One example through the network and its error back, epoch by epoch.

import { useEffect, useState } from "preact/hooks";
import { plain } from "../parts/words";
import { Problem } from "../parts/pieces";
import type { Job } from "../service/types";
import { written } from "./arithmetic";
import { Drawing } from "./drawing";
import { Example } from "./example";
import { lossOf } from "./losses";
import type { Moment } from "./moments";
import { NodeChoice } from "./nodes";
import { Phases } from "./phases";
import { pictureOf, type Node } from "./picture";
import { Player } from "./player";
import { strongest, toldOf, weightNumbers, type Telling } from "./sentences";
import { Terms, type Weight } from "./terms";
import { passesOf, type Trace } from "./trace";
import { liveliest } from "./units";

interface Props {
  job: Job;
  trace: Trace;
  epochs: number[];
  losses: ReadonlyMap<number, number>;
  problem: string;
  row: number;
  epoch: number; // that is wanted; the trace may still be that of another
  onRow: (row: number) => void;
  onEpoch: (epoch: number) => void;
}

export function Traced({ job, trace, epochs, losses, problem, row, epoch, onRow, onEpoch }: Props) {
  const [phase, setPhase] = useState<Moment["phase"]>("forward");
  const [layer, setLayer] = useState(1);
  const [units, setUnits] = useState<Record<number, number>>({}); // that were chosen, by layer
  const [found, setFound] = useState<Node | null>(null); // where none was
  const [weight, setWeight] = useState<Weight | null>(null);
  const [isPlaying, setPlaying] = useState(false);

  const passes = passesOf(trace);
  const loss = lossOf(trace, passes.at(-1)!, typeOf(job.training["loss"]));
  const telling: Telling = { trace, passes, loss };
  const moment: Moment = { phase, layer };
  const node: Node = { layer, unit: units[layer] ?? liveliest(trace, passes, moment, found) };
  const picture = pictureOf(trace, passes, moment);
  const told = toldOf(telling, moment, node.unit);

  // While one stays, so does the unit, though another may come to do more.
  useEffect(() => setFound(node), [node.layer, node.unit]);

  function choose(next: Node) {
    setLayer(next.layer);
    setUnits({ ...units, [next.layer]: next.unit });
    setWeight(null);
  }

  function move({ phase, layer }: Moment) {
    setPhase(phase);
    setLayer(layer);
    setFound(null);
    setWeight(null);
  }

  const marked = weight ?? (phase === "step" && node.layer > 0 ? { layer: node.layer, to: node.unit, from: strongest(passes[node.layer - 1]!, node.unit) } : null);
  return (
    <>
      <Example trace={trace} row={row} onRow={onRow} />
      <Player epochs={epochs} epoch={epoch} shown={trace.epoch} losses={losses} isPlaying={isPlaying} onEpoch={onEpoch} onPlay={setPlaying} />
      <Problem text={problem} />
      <Phases layers={passes.length} moment={moment} told={told} isQuiet={isPlaying} onMove={move} />
      <div class="example-view">
        <Drawing picture={picture} chosen={node} weight={marked} onChoose={choose} />
        <aside aria-label="The chosen node">
          <Terms trace={trace} passes={passes} moment={moment} node={node} weight={weight} onWeight={setWeight} />
          <p class="numbers" aria-live={isPlaying ? "off" : "polite"}>
            {weight && weightNumbers(telling, weight.layer, weight.to, weight.from)}
          </p>
          <NodeChoice picture={picture} chosen={node} onChoose={choose} />
        </aside>
      </div>
      <p class="soft">
        The steps are those of plain gradient descent for this row alone, at a learning rate of {written(trace.learning_rate)}. The training itself went by{" "}
        {plain(typeOf(job.training["optimizer"]))}, many rows at a time.
      </p>
    </>
  );
}

/** "adam", or {"type": "adam", …}. */
function typeOf(value: unknown): string {
  return typeof value === "object" && value !== null && "type" in value ? String(value.type) : String(value);
}
