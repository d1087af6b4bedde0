import type { Plan } from "../service/types";
import { count, plain } from "./words";

/** The shapes of a network, layer by layer. */
export function Layers({ plan }: { plan: Plan }) {
  return (
    <div class="wide" tabIndex={0} role="group" aria-label="Layers">
      <table>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Activation</th>
            <th scope="col">In</th>
            <th scope="col">Out</th>
            <th scope="col">Parameters</th>
          </tr>
        </thead>
        <tbody>
          {plan.layers.map((layer, index) => (
            <tr key={index}>
              <th scope="row">
                {index + 1} {plain(layer.type)}
              </th>
              <td>{plain(layer.activation)}</td>
              <td>{count(layer.inputs)}</td>
              <td>{layer.shape.map(count).join(" × ")}</td>
              <td>{count(layer.parameters)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
