/**
 * How far points are from the exact tilt: the total variation after smoothing both by the same Gaussian kernel.
 *
 * As in `toy.judge`: a kernel density estimate of the points against the exact density convolved with the kernel, on a
 * grid. As many independent draws of the tilt have a distance too, the floor.
 */

import record from "../../../../toy/recovered.json" with { type: "json" };
import { random } from "./random.js";
import { logDensity, score } from "./world.js";

/** Standard deviation of the kernel (length). */
export const BANDWIDTH = record.worlds[record.winner].world.bandwidth;

const HALF = 9.6; // half the side of the square that is looked at
const STEP = 0.2; // of the grid: a quarter of the bandwidth
const FINE = 0.1; // of the nodes of the exact density

const axisOf = (step) => Float64Array.from({ length: Math.round((2 * HALF) / step) + 1 }, (_, i) => i * step - HALF);
const AXIS = axisOf(STEP);

/** The kernel at the grid's coordinates, one row a value: rows (values.length, AXIS.length), flat. */
function kernels(values) {
  const out = new Float64Array(values.length * AXIS.length);
  const height = 1 / (BANDWIDTH * Math.sqrt(2 * Math.PI));
  values.forEach((value, i) => AXIS.forEach((at, j) => (out[i * AXIS.length + j] = height * Math.exp(-0.5 * ((value - at) / BANDWIDTH) ** 2))));
  return out;
}

/** The density, on the grid, of points with equal masses after smoothing: flat, x major. */
export function smoothedPoints({ x, y }) {
  const side = AXIS.length;
  const [kx, ky] = [kernels(Float64Array.from(x)), kernels(Float64Array.from(y))];
  const out = new Float64Array(side * side);
  for (let n = 0; n < x.length; n++) {
    for (let i = 0; i < side; i++) {
      const factor = kx[n * side + i] / x.length;
      if (factor < 1e-18) continue;
      for (let j = 0; j < side; j++) out[i * side + j] += factor * ky[n * side + j];
    }
  }
  return out;
}

/** The density of a solution on the grid after smoothing: flat, x major. */
export function smoothedSolution(world, solution) {
  const nodes = axisOf(FINE);
  const [side, count] = [AXIS.length, nodes.length];
  const mass = new Float64Array(count * count);
  let total = 0;
  nodes.forEach((x, a) => nodes.forEach((y, b) => (total += mass[a * count + b] = Math.exp(logDensity(world, x, y)) * solution.ratio(score(world, x, y)))));
  const k = kernels(nodes);
  const half = new Float64Array(side * count); // smoothed along x
  for (let a = 0; a < count; a++) {
    for (let i = 0; i < side; i++) {
      const factor = k[a * side + i] / total;
      if (factor < 1e-18) continue;
      for (let b = 0; b < count; b++) half[i * count + b] += factor * mass[a * count + b];
    }
  }
  const out = new Float64Array(side * side);
  for (let i = 0; i < side; i++) {
    for (let b = 0; b < count; b++) {
      const factor = half[i * count + b];
      if (factor < 1e-18) continue;
      for (let j = 0; j < side; j++) out[i * side + j] += factor * k[b * side + j];
    }
  }
  return out;
}

/** TV of two densities on the grid; what lies outside the square is counted as far as the masses differ. */
export function smoothedTv(p, q) {
  let [apart, more] = [0, 0];
  for (let i = 0; i < p.length; i++) {
    apart += Math.abs(p[i] - q[i]);
    more += p[i] - q[i];
  }
  return 0.5 * STEP * STEP * (apart + Math.abs(more));
}

/**
 * Independent draws of a solution from a pool, by its weights.
 *
 * @param {{x: Float64Array, y: Float64Array, scores: Float64Array}} points the pool
 * @param {Float64Array} weights of its points, sum 1
 * @param {number} n how many
 * @param {number} seed a whole number
 * @returns {{x: Float64Array, y: Float64Array}}
 */
export function independentDraws(points, weights, n, seed) {
  const ends = new Float64Array(weights.length);
  weights.reduce((sum, w, i) => (ends[i] = sum + w), 0);
  const next = random(seed);
  const chosen = Array.from({ length: n }, () => {
    const at = next() * ends.at(-1);
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle] <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  });
  return { x: Float64Array.from(chosen, (i) => points.x[i]), y: Float64Array.from(chosen, (i) => points.y[i]) };
}
