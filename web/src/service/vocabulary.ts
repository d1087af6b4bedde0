// The words that the service knows, read from its own document, so that new ones need no new page.

import { signal } from "@preact/signals";
import { ask } from "./requests";

export interface Vocabulary {
  activations: string[];
  losses: string[];
  optimizers: string[];
  forms: string[];
  encodings: string[]; // of files that are not UTF-8
}

/** What is known before the document has come, and should it not come. */
export const vocabulary = signal<Vocabulary>({ activations: ["identity"], losses: [], optimizers: [], forms: ["safetensors"], encodings: ["windows-1252"] });

let isAsked = false;

export function learnWords(): void {
  if (isAsked) return;
  isAsked = true;
  ask("/openapi.json", { cache: "default" })
    .then((answer) => answer.json())
    .then((document) => {
      const { TrainingRequest: training, Dense: dense } = document.components.schemas;
      const parameter = (operation: { parameters: { name: string; schema: unknown }[] }, name: string) => words(operation.parameters.find((each) => each.name === name)?.schema);
      vocabulary.value = {
        activations: words(dense.properties.activation),
        losses: words(training.properties.loss),
        optimizers: words(training.properties.optimizer),
        forms: parameter(document.paths["/v1/jobs/{job_id}/weights"].get, "format"),
        encodings: parameter(document.paths["/v1/datasets"].post, "encoding"),
      };
    })
    .catch(() => {
      isAsked = false;
    });
}

/** The first list of texts in a JSON schema. */
function words(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  if ("enum" in schema && Array.isArray(schema.enum)) return schema.enum;
  for (const value of Object.values(schema)) {
    const found = words(value);
    if (found.length) return found;
  }
  return [];
}
