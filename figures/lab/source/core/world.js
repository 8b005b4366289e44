/**
 * The world of the page: a mixture of isotropic Gaussians in the plane and an angular score.
 *
 * The score is psi = scale (1 - cos(theta - pi/4)), theta the polar angle: 0 on the diagonal (the cut), largest opposite
 * to it. Lengths are in units in which the paper's world has sigma = 1.
 */

import { require } from "./errors.js";
import { normals, random } from "./random.js";

/** The angle at which the score is 0, in radians. */
export const DIRECTION = Math.PI / 4;
const COS = Math.cos(DIRECTION);
const SIN = Math.sin(DIRECTION);
const FARTHEST = 30;

/**
 * @param {object} given
 * @param {number[][]} given.modes centres [x, y], at least one, at most 30 sigma from the origin
 * @param {number[]} [given.weights] of the modes, positive; equal ones if left out; scaled to sum 1
 * @param {number} given.sigma standard deviation of every mode (length)
 * @param {number} given.scoreScale the score runs from 0 to twice this (score units)
 * @param {number} given.margin width of the boundary shell (score units)
 * @param {number} given.targetStep the step of the target that a nudge makes (score units)
 * @returns {object} the world, frozen; `top` is the supremum of the score
 * @throws {LabError} for a number out of range
 */
export function makeWorld({ modes, weights, sigma, scoreScale, margin, targetStep }) {
  for (const [name, value] of Object.entries({ sigma, scoreScale, margin, targetStep })) {
    require(Number.isFinite(value) && value > 0, name, value, "a finite number > 0");
  }
  require(Array.isArray(modes) && modes.length > 0, "modes", modes, "at least one point [x, y]");
  modes.forEach((mode, i) => {
    const far = Math.hypot(mode[0], mode[1]) / sigma;
    require(far <= FARTHEST, `distance of mode ${i + 1}`, far, `at most ${FARTHEST} standard deviations`);
  });
  const given = weights ?? modes.map(() => 1);
  require(given.length === modes.length, "weights", given.length, `${modes.length} numbers, one a mode`);
  for (const weight of given) require(Number.isFinite(weight) && weight > 0, "a weight", weight, "finite and > 0");
  const total = given.reduce((sum, weight) => sum + weight, 0);
  return Object.freeze({
    modes: modes.map(([x, y]) => [x, y]),
    weights: given.map((weight) => weight / total),
    sigma,
    scoreScale,
    margin,
    targetStep,
    direction: DIRECTION,
    top: 2 * scoreScale,
  });
}

/** psi at a point of the plane, in score units. At the origin, which has no angle, it is the scale, as in `toy`. */
export function score(world, x, y) {
  const radius = Math.hypot(x, y);
  return world.scoreScale * (1 - (radius > 0 ? (x * COS + y * SIN) / radius : 0));
}

/** The gradient of psi at a point, [d/dx, d/dy]; [0, 0] at the origin. */
export function scoreGradient(world, x, y) {
  const square = x * x + y * y;
  if (square === 0) return [0, 0];
  const radius = Math.sqrt(square);
  const along = (x * COS + y * SIN) / square;
  const factor = -world.scoreScale / radius;
  return [factor * (COS - along * x), factor * (SIN - along * y)];
}

/**
 * Points of p that follow the modes: the same standard normal offsets and the same lots whatever the world is.
 *
 * @param {number} n number of points
 * @param {number} seed a whole number
 * @returns {{n: number, lot: Float64Array, x: Float64Array, y: Float64Array}} lots in [0, 1) and offsets in units of sigma
 */
export function drawOffsets(n, seed) {
  const next = random(seed);
  const lot = Float64Array.from({ length: n }, next);
  const both = normals(2 * n, next);
  return { n, lot, x: both.subarray(0, n), y: both.subarray(n) };
}

/**
 * The points that the offsets are in a world, and their scores.
 *
 * @returns {{n: number, x: Float64Array, y: Float64Array, mode: Uint8Array, scores: Float64Array}}
 */
export function placePoints(world, offsets) {
  const { n } = offsets;
  const [x, y, scores] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const mode = new Uint8Array(n);
  const ends = [];
  world.weights.reduce((sum, weight) => (ends.push(sum + weight), sum + weight), 0);
  ends[ends.length - 1] = 1;
  for (let i = 0; i < n; i++) {
    let k = 0;
    while (offsets.lot[i] >= ends[k]) k++;
    mode[i] = k;
    x[i] = world.modes[k][0] + world.sigma * offsets.x[i];
    y[i] = world.modes[k][1] + world.sigma * offsets.y[i];
    scores[i] = score(world, x[i], y[i]);
  }
  return { n, x, y, mode, scores };
}

/** log p at a point, in nats per unit of area. */
export function logDensity(world, x, y) {
  const scale = 1 / (2 * world.sigma * world.sigma);
  const logs = world.modes.map(([a, b], k) => Math.log(world.weights[k]) - scale * ((x - a) ** 2 + (y - b) ** 2));
  const highest = Math.max(...logs);
  const sum = logs.reduce((total, log) => total + Math.exp(log - highest), 0);
  return highest + Math.log(sum) - Math.log(2 * Math.PI * world.sigma * world.sigma);
}
