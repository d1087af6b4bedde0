/** What a row holds in a column; null where it is missing. */
function value(row, column) {
  if (!Object.hasOwn(row, column)) {
    throw new TypeError(`the row has no column ${JSON.stringify(column)}; where its value is missing, let it be null`);
  }
  return row[column] === undefined || Number.isNaN(row[column]) ? null : row[column];
}


/** What is wrong with a value. */
function wrong(column, found, expected) {
  const told = `column ${JSON.stringify(column)} is ${JSON.stringify(found)}`;
  return new TypeError(`${told}; ${expected} is expected, or null where it is missing`);
}


/** A number becomes (number - shift) / scale; `missing` stands for one that is not there. */
function number(row, column, { shift, scale, missing }) {
  const found = value(row, column) ?? missing;
  if (!(typeof found === "boolean" || Number.isFinite(found))) {
    throw wrong(column, found, "a finite number");
  }
  return (found - shift) / scale;
}


/** True becomes 1 and false 0; `missing` stands for one that is not there. */
function flag(row, column, { missing }) {
  const found = value(row, column);
  if (![null, true, false, 1, 0].includes(found)) {
    throw wrong(column, found, "true or false");
  }
  return found === null ? missing : Number(found);
}


/** A text; null where it is missing. */
function text(row, column) {
  const found = value(row, column);
  if (!(found === null || typeof found === "string")) {
    throw wrong(column, found, "a text");
  }
  return found;
}


/** One input for each text that the column may hold: 1 where it does, else 0. A missing or unseen text is none. */
function oneHot(row, column, texts) {
  const found = text(row, column);
  return texts.map((each) => Number(found === each));
}


/** The place of a text among those that the column may hold; their number where it is missing or was never seen. */
function code(row, column, texts) {
  const found = text(row, column);
  return texts.includes(found) ? texts.indexOf(found) : texts.length;
}


/** 1 where a value is missing, else 0. */
function isMissing(row, column) {
  return Number(value(row, column) === null);
}


/** An input that numbers a row of an embedding's table, which has so many: the first is 0. */
function rowOfTable(row, column, x, count) {
  if (!(Number.isInteger(x) && x >= 0 && x < count)) {
    const found = value(row, column);
    const told = found === null ? `missing, which counts as ${x}` : JSON.stringify(found);
    throw new TypeError(`column ${JSON.stringify(column)} is ${told}; a whole number from 0 to ${count - 1} is expected`);
  }
  return x;
}


/** All values added up. */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}


/** Every input times its weight, all added up: w1 x1 + w2 x2 + ... */
function weightedSum(weights, x) {
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    total += weights[i] * x[i];
  }
  return total;
}


/** A layer of units, each of which takes the weighted sum of all inputs and adds its bias: z = W x + b. */
function dense(x, weights, biases) {
  return weights.map((row, unit) => weightedSum(row, x) + biases[unit]);
}


/** The values of each channel: they lie one channel after the other. Without an image every value is a channel. */
function channels(x, count) {
  const size = x.length / count;
  return Array.from({ length: count }, (_, channel) => x.slice(channel * size, (channel + 1) * size));
}


/**
 * A window that moves over an image. For each place where it stops: which of its cells lies on which pixel.
 *
 * The padding around the image has no pixels, so cells there are left out, which is as if they were 0.
 */
function windows({ image, kernel, stride, padding, places }) {
  const [height, width] = image;
  const stops = [];
  for (let top = -padding[0], row = 0; row < places[0]; row++, top += stride[0]) {
    for (let left = -padding[1], column = 0; column < places[1]; column++, left += stride[1]) {
      const seen = [];
      for (let i = 0; i < kernel[0]; i++) {
        for (let j = 0; j < kernel[1]; j++) {
          if (top + i >= 0 && top + i < height && left + j >= 0 && left + j < width) {
            seen.push([i * kernel[1] + j, (top + i) * width + left + j]);
          }
        }
      }
      stops.push(seen);
    }
  }
  return stops;
}


/** Every filter takes, wherever the window stops, the weighted sum of what it sees in all channels, and adds its bias. */
function convolution(x, filters, biases, windows) {
  const image = channels(x, filters[0].length);
  return filters.flatMap((weights, filter) =>
    windows.map((window) => {
      let total = biases[filter];
      image.forEach((channel, c) => {
        for (const [cell, pixel] of window) {
          total += weights[c][cell] * channel[pixel];
        }
      });
      return total;
    }),
  );
}


/** The highest value that the window sees in each channel, wherever it stops. */
function maxPooling(x, count, windows) {
  return channels(x, count).flatMap((channel) =>
    windows.map((window) => window.reduce((highest, [, pixel]) => Math.max(highest, channel[pixel]), -Infinity)),
  );
}


/** The mean of what the window sees in each channel, wherever it stops; what lies beyond the image counts as 0. */
function averagePooling(x, count, windows, cells) {
  return channels(x, count).flatMap((channel) =>
    windows.map((window) => sum(window.map(([, pixel]) => channel[pixel])) / cells),
  );
}


/** Each channel about its mean in training, in units of its deviation there, then scaled and shifted as was learned. */
function batchNormalisation(x, weights, biases, means, variances, epsilon) {
  return channels(x, means.length).flatMap((values, c) => {
    const deviation = Math.sqrt(variances[c] + epsilon);
    return values.map((value) => (weights[c] * (value - means[c])) / deviation + biases[c]);
  });
}


/** All values about their mean, in units of their deviation, then scaled and shifted as was learned. */
function layerNormalisation(x, weights, biases, epsilon) {
  const mean = sum(x) / x.length;
  const deviation = Math.sqrt(sum(x.map((value) => (value - mean) ** 2)) / x.length + epsilon);
  return x.map((value, i) => (weights[i] * (value - mean)) / deviation + biases[i]);
}


/** Every input is a code; the row of the table that it numbers stands for it. */
function lookup(x, table) {
  return x.flatMap((place) => [...table[place]]);
}


/** Some inputs are codes; the row of a table, which is that of their place in x, stands for each. The others stay. */
function embedding(x, tables) {
  return x.flatMap((value, place) => (place in tables ? [...tables[place][value]] : [value]));
}


/** The sum, value by value. */
function add(x, y) {
  return x.map((value, i) => value + y[i]);
}


/** z where z > 0, else slope z, with a learned slope for each channel. */
function prelu(x, slopes) {
  return channels(x, slopes.length).flatMap((values, c) => values.map((z) => (z > 0 ? z : slopes[c] * z)));
}


/** 1 / (1 + exp(-z)): between 0 and 1, and 1/2 at 0. */
function sigmoid(z) {
  return 1 / (1 + Math.exp(-z));
}


/** The hyperbolic tangent: between -1 and 1, and 0 at 0. */
function tanh(z) {
  return Math.tanh(z);
}


/** z where it is above 0, else 0. */
function relu(z) {
  return Math.max(0, z);
}


/** z where it is above 0, else a small share of it. */
function leakyRelu(z, negativeSlope) {
  return z > 0 ? z : negativeSlope * z;
}


/** z where it is above 0, else alpha (exp(z) - 1). */
function elu(z, alpha) {
  return z > 0 ? z : alpha * Math.expm1(z);
}


/** z where it is above 0, else alpha (exp(z) - 1), times a scale that keeps the spread of values from layer to layer. */
function selu(z) {
  const [alpha, scale] = [1.6732632423543772, 1.0507009873554805];
  return scale * (z > 0 ? z : alpha * Math.expm1(z));
}


/**
 * The error function, by 2/sqrt(pi) exp(-z²) times the sum of 2ⁿ z²ⁿ⁺¹ / (1 · 3 ⋯ (2n + 1)): Abramowitz and Stegun 1964, 7.1.6.
 * All terms have the sign of z, so that none takes digits from another. Beyond 6 it is 1 in all digits.
 */
function errorFunction(z) {
  if (Math.abs(z) > 6) {
    return Math.sign(z);
  }
  let [total, term] = [0, z];
  for (let n = 1; total + term !== total; n++) {
    total += term;
    term *= (2 * z * z) / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * total;
}


/** z times the probability of less than z in the standard normal distribution. */
function gelu(z) {
  return (z * (1 + errorFunction(z / Math.SQRT2))) / 2;
}


/** z times about the probability of less than z in the standard normal distribution. */
function geluTanh(z) {
  return (z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)))) / 2;
}


/** z times sigmoid z. */
function silu(z) {
  return z * sigmoid(z);
}


/** ln(1 + exp(beta z)) / beta: a ReLU without the corner. Written so that exp cannot overflow. */
function softplus(z, beta) {
  return (Math.max(0, beta * z) + Math.log1p(Math.exp(-Math.abs(beta * z)))) / beta;
}


/** z / (1 + |z|): between -1 and 1. */
function softsign(z) {
  return z / (1 + Math.abs(z));
}


/** z, kept between two bounds. */
function hardTanh(z, minimum, maximum) {
  return Math.min(Math.max(z, minimum), maximum);
}


/** Shares that add up to 1, each in proportion to exp(z). All are taken less the highest, so that exp cannot overflow. */
function softmax(x) {
  const highest = x.reduce((a, b) => Math.max(a, b));
  const powers = x.map((z) => Math.exp(z - highest));
  const total = sum(powers);
  return powers.map((power) => power / total);
}


/** exp(z) */
function exponential(z) {
  return Math.exp(z);
}


/** The place of the highest value, of equal ones that of the first. */
function placeOfHighest(values) {
  return values.reduce((best, value, place) => (value > values[best] ? place : best), 0);
}


/** The numbers as they were trained: with 32 bits each. */
function float32(numbers) {
  return Float32Array.from(numbers);
}


/** A tensor from base64: its numbers, of 4 or 8 bytes with the lowest first, in lists of lists. */
function stored(numbers, bytes, ...shape) {
  const view = new DataView(Uint8Array.from(atob(numbers), (letter) => letter.charCodeAt(0)).buffer);
  const kind = bytes === 4 ? Float32Array : Float64Array;
  let tensor = new kind(view.byteLength / bytes);
  for (let i = 0; i < tensor.length; i++) {
    tensor[i] = bytes === 4 ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true);
  }
  for (const size of shape.slice(1).reverse()) {
    tensor = channels(tensor, tensor.length / size);
  }
  return tensor;
}
