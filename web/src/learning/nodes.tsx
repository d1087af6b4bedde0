import { plain } from "../parts/words";
import type { Node, Picture } from "./picture";

/** Chooses a node by its name, where pointing at it is not at hand or the layer is too large to be drawn whole. */
export function NodeChoice({ picture, chosen, onChoose }: { picture: Picture; chosen: Node; onChoose: (node: Node) => void }) {
  return (
    <div class="filters">
      <div>
        <label for="layer">Layer</label>
        <select id="layer" value={chosen.layer} onChange={(event) => onChoose({ layer: Number(event.currentTarget.value), unit: 0 })}>
          {picture.columns.map(({ title }, index) => (
            <option key={index} value={index}>
              {index ? `${index}: ${plain(title)}` : "inputs"}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label for="unit">Unit</label>
        <select id="unit" value={chosen.unit} onChange={(event) => onChoose({ ...chosen, unit: Number(event.currentTarget.value) })}>
          {picture.columns[chosen.layer]!.names.map((name, index) => (
            <option key={index} value={index}>
              {name}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}
