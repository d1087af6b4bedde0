/** Each value drawn towards those before it: an exponential average that begins unbiased (as Kingma and Ba 2015 correct theirs). */
export function smoothed(values: (number | null)[], strength: number): (number | null)[] {
  if (strength === 0) return values;
  let average = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    average = strength * average + (1 - strength) * value;
    weight = strength * weight + (1 - strength);
    return average / weight;
  });
}
