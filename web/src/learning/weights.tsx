// The weights that a network ended with, drawn, where there is no example to be followed through it.

import { useEffect, useState } from "preact/hooks";
import { Problem } from "../parts/pieces";
import { count, number } from "../parts/words";
import { get, told } from "../service/requests";
import type { Job } from "../service/types";
import { Drawing } from "./drawing";
import { networkOf, type Network, type WeightsFile } from "./network";
import { NodeChoice } from "./nodes";
import { pictureOfWeights, type Node } from "./picture";

const MOST_PARAMETERS = 200_000;
const MOST_LISTED = 20;

export function Weights({ job }: { job: Job }) {
  const [network, setNetwork] = useState<Network | null | undefined>(null); // null: not there yet; undefined: not one to be drawn
  const [problem, setProblem] = useState("");
  const isLarge = job.plan.parameters > MOST_PARAMETERS;

  useEffect(() => {
    if (!job.weights || isLarge) return;
    const control = new AbortController();
    get<WeightsFile>(`${job.weights}?format=json`, control.signal)
      .then((file) => (setNetwork(networkOf(file)), setProblem("")))
      .catch((error) => control.signal.aborted || setProblem(told(error)));
    return () => control.abort();
  }, [job.id, job.weights]);

  return (
    <>
      <Problem text={problem} />
      {isLarge && <p class="card">It has {count(job.plan.parameters)} weights; networks of up to {count(MOST_PARAMETERS)} are drawn.</p>}
      {!isLarge && !job.weights && <p class="card">It is drawn here once it has ended with weights.</p>}
      {network === undefined && <p class="card">Only networks of dense layers are drawn; this one has others.</p>}
      {network && <Drawn network={network} />}
    </>
  );
}

function Drawn({ network }: { network: Network }) {
  const [chosen, setChosen] = useState<Node>({ layer: network.layers.length - 1, unit: 0 });
  const picture = pictureOfWeights(network);
  return (
    <>
      <Drawing picture={picture} chosen={chosen} onChoose={setChosen} />
      <NodeChoice picture={picture} chosen={chosen} onChoose={setChosen} />
      <Listed network={network} node={chosen} />
    </>
  );
}

/** What comes into a node; of an input, what goes out of it. */
function Listed({ network, node }: { network: Network; node: Node }) {
  const isInput = node.layer === 0;
  const stage = network.stages[isInput ? 0 : node.layer - 1]!;
  const others = network.layers[isInput ? 1 : node.layer - 1]!.names;
  const values = isInput ? stage.weights.map((row) => row[node.unit]!) : stage.weights[node.unit]!;
  const bias = isInput ? undefined : stage.bias?.[node.unit];
  const sorted = values.map((value, index) => ({ name: others[index]!, value })).sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
  const name = network.layers[node.layer]!.names[node.unit]!;
  return (
    <section aria-live="polite">
      <h3>
        {isInput ? `From ${name}` : `Into ${name}`}
      </h3>
      <table class="weights">
        <thead>
          <tr>
            <th scope="col">{isInput ? "To" : "From"}</th>
            <th scope="col">Weight</th>
          </tr>
        </thead>
        <tbody>
          {bias !== undefined && (
            <tr>
              <th scope="row">bias</th>
              <td>{number(bias)}</td>
            </tr>
          )}
          {sorted.slice(0, MOST_LISTED).map((each) => (
            <tr key={each.name}>
              <th scope="row">{each.name}</th>
              <td>{number(each.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > MOST_LISTED && <p class="soft">And {count(sorted.length - MOST_LISTED)} that are nearer to 0.</p>}
    </section>
  );
}
