import { Field, TextField, Wrong } from "../parts/field";
import { Choice } from "../parts/pieces";
import { vocabulary } from "../service/vocabulary";
import { FIELDS, layerField, type LayerDraft } from "./draft";

interface Props {
  layers: LayerDraft[] | null;
  suggested: LayerDraft[];
  errors: ReadonlyMap<string, string[]>;
  onChange: (layers: LayerDraft[] | null) => void;
}

let nextKey = 0;

export function newLayer(units: string, activation: string): LayerDraft {
  return { key: nextKey++, units, activation };
}

/** The layers: the service's choice, or dense ones by hand, which begin as that choice. */
export function Network({ layers, suggested, errors, onChange }: Props) {
  const change = (index: number, part: Partial<LayerDraft>) => onChange(layers!.map((each, place) => (place === index ? { ...each, ...part } : each)));
  const add = () => onChange([...layers!.slice(0, -1), newLayer("16", "relu"), ...layers!.slice(-1)]);
  return (
    <fieldset>
      <legend>Network</legend>
      <label class="tick">
        <input type="radio" name="network" checked={layers === null} onChange={() => onChange(null)} /> Chosen from the data
      </label>
      <label class="tick">
        <input type="radio" name="network" checked={layers !== null} onChange={() => onChange(suggested)} /> My own layers
      </label>
      <Wrong messages={errors.get(FIELDS.layers) ?? []} />
      {layers && (
        <>
          <ol class="layers">
            {layers.map((layer, index) => (
              <li key={layer.key}>
                <TextField
                  id={`units-${layer.key}`}
                  label={`Units of layer ${index + 1}`}
                  isNumber
                  value={layer.units}
                  error={errors.get(layerField(index, "units"))}
                  onType={(units) => change(index, { units })}
                />
                <Field id={`activation-${layer.key}`} label={`Activation of layer ${index + 1}`} error={errors.get(layerField(index, "activation"))}>
                  {(described, invalid) => (
                    <Choice
                      id={`activation-${layer.key}`}
                      value={layer.activation}
                      options={vocabulary.value.activations}
                      describedBy={described}
                      invalid={invalid}
                      onPick={(activation) => change(index, { activation })}
                    />
                  )}
                </Field>
                <button
                  type="button"
                  class="quiet"
                  aria-label={`Remove layer ${index + 1}`}
                  disabled={layers.length === 1}
                  onClick={() => onChange(layers.filter((each) => each !== layer))}
                >
                  Remove
                </button>
              </li>
            ))}
          </ol>
          <button type="button" class="quiet" onClick={add}>
            Add a layer before the last
          </button>
        </>
      )}
    </fieldset>
  );
}
