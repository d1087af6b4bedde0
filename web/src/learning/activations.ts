// What activations make of a sum, in words for those who meet them first and as formulas to choose digits by.

import { plain } from "../parts/words";

interface Known {
  words: string;
  of: (sum: number) => number;
  slope: (sum: number) => number;
}

const sigmoid = (sum: number) => 1 / (1 + Math.exp(-sum));

const KNOWN: Record<string, Known> = {
  relu: { words: "the sum itself where it is above 0, else 0", of: (sum) => Math.max(0, sum), slope: (sum) => (sum > 0 ? 1 : 0) },
  tanh: { words: "a number between −1 and 1 that grows with the sum", of: Math.tanh, slope: (sum) => 1 - Math.tanh(sum) ** 2 },
  sigmoid: { words: "a number between 0 and 1 that grows with the sum", of: sigmoid, slope: (sum) => sigmoid(sum) * (1 - sigmoid(sum)) },
};

const WORDS: Record<string, string> = {
  leaky_relu: "the sum itself where it is above 0, else a small part of it",
  elu: "the sum itself where it is above 0, else a number that comes near to −1",
  selu: "about the sum itself where it is above 0, else a number with a lower bound",
  gelu: "nearly the sum where it is well above 0, nearly 0 where it is well below",
  silu: "nearly the sum where it is well above 0, nearly 0 where it is well below",
  softplus: "nearly the sum where it is well above 0, nearly 0 where it is well below",
  softmax: "numbers that are positive and together 1, the larger the sum",
};

/** "relu of that sum: the sum itself where it is above 0, else 0". */
export function explained(activation: string): string {
  const words = KNOWN[activation]?.words ?? WORDS[activation];
  return `${plain(activation)} of that sum${words ? `: ${words}` : ""}`;
}

export function formulaOf(activation: string): Known | undefined {
  return KNOWN[activation];
}
