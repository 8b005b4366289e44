/** L-BFGS without bounds: the steps that L-BFGS-B takes where no variable has a bound. */

import { lineSearch } from "./linesearch.js";

const MEMORY = 10;
const FALL = 2.220446049250313e-9; // relative decrease below which the search ends
const FLAT = 1e-5; // largest slope below which it ends
const LONGEST = 1e10;

const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);

/** -H g by the two loops over the last steps and changes of the slope. */
function direction(slope, pairs) {
  const d = slope.map((g) => -g);
  const factors = new Array(pairs.length);
  for (let i = pairs.length - 1; i >= 0; i--) {
    factors[i] = dot(pairs[i].step, d) / pairs[i].product;
    for (let j = 0; j < d.length; j++) d[j] -= factors[i] * pairs[i].change[j];
  }
  if (pairs.length > 0) {
    const { change, product } = pairs[pairs.length - 1];
    const scale = product / dot(change, change);
    for (let j = 0; j < d.length; j++) d[j] *= scale;
  }
  pairs.forEach(({ step, change, product }, i) => {
    const rest = factors[i] - dot(change, d) / product;
    for (let j = 0; j < d.length; j++) d[j] += rest * step[j];
  });
  return d;
}

/**
 * Minimise a function of many variables.
 *
 * @param {(x: Float64Array) => {value: number, slope: Float64Array}} at
 * @param {Float64Array} start
 * @param {number} iterations most of them
 * @param {(x: Float64Array) => void} [watch] called with the start and after each iteration
 * @returns {Float64Array} where it ended
 */
export function minimise(at, start, iterations, watch = () => {}) {
  let x = start.slice();
  let { value, slope } = at(x);
  let pairs = [];
  watch(x);
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (slope.reduce((most, g) => Math.max(most, Math.abs(g)), 0) <= FLAT) break;
    let d = direction(slope, pairs);
    if (dot(slope, d) >= 0) {
      pairs = [];
      d = slope.map((g) => -g);
    }
    let here = null;
    const along = (step) => {
      const point = x.map((v, i) => v + step * d[i]);
      here = { x: point, ...at(point) };
      return { value: here.value, slope: dot(here.slope, d) };
    };
    const first = iteration === 0 ? Math.min(1 / Math.sqrt(dot(d, d)), LONGEST) : 1;
    const step = lineSearch(along, { value, slope: dot(slope, d) }, first, LONGEST);
    if (step === null) {
      if (pairs.length === 0) break;
      pairs = []; // forget what misled the search, and try this iteration again downhill
      iteration--;
      continue;
    }
    const pair = { step: here.x.map((v, i) => v - x[i]), change: here.slope.map((g, i) => g - slope[i]) };
    pair.product = dot(pair.step, pair.change);
    if (pair.product > Number.EPSILON * -dot(slope, pair.step)) pairs = [...pairs.slice(-MEMORY + 1), pair];
    const before = value;
    ({ x, value, slope } = here);
    watch(x);
    if (before - value <= FALL * Math.max(Math.abs(before), Math.abs(value), 1)) break;
  }
  return x;
}
