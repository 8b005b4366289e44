/**
 * Optimisation with a regulariser: each start climbs psi(x) - lambda R(x), R(x) = x_2^2, for 20 iterations.
 *
 * As in `theory.samplers.ascent` all starts are one problem for the optimiser. The method never looks at p.
 */

import { require } from "./errors.js";
import { calibrateKnob, searchKnob } from "./knobs.js";
import { minimise } from "./lbfgs.js";
import { random } from "./random.js";
import { score, scoreGradient } from "./world.js";

/** The optimiser's iterations: part of the method, as the score has no finite maximiser. */
export const ITERATIONS = 20;
const REACH = 5;
const START = 1;

/** n starts, uniform in a square of half side 5: {x, y}. */
export function drawStarts(n, seed) {
  const next = random(seed);
  const side = () => Float64Array.from({ length: n }, () => REACH * (2 * next() - 1));
  return { x: side(), y: side() };
}

/**
 * The ends of all ascents for one penalty.
 *
 * @param {object} world supplies psi; its modes are never looked at
 * @param {{x: Float64Array, y: Float64Array}} starts
 * @param {number} penalty lambda, finite and >= 0 (score units per square length)
 * @param {number} [iterations] most of them
 * @returns {{x: Float64Array, y: Float64Array, scores: Float64Array, mean: number, path: object[]}} `path`: {x, y} at the
 *     start and after each iteration
 */
export function climb(world, starts, penalty, iterations = ITERATIONS) {
  require(Number.isFinite(penalty) && penalty >= 0, "penalty", penalty, "finite and >= 0");
  const n = starts.x.length;
  const path = [];
  const split = (flat) => ({ x: flat.slice(0, n), y: flat.slice(n) });
  const loss = (flat) => {
    let value = 0;
    const slope = new Float64Array(2 * n);
    for (let i = 0; i < n; i++) {
      const [x, y] = [flat[i], flat[n + i]];
      const [gx, gy] = scoreGradient(world, x, y);
      value -= score(world, x, y) - penalty * y * y;
      slope[i] = -gx;
      slope[n + i] = 2 * penalty * y - gy;
    }
    return { value, slope };
  };
  const end = minimise(loss, Float64Array.from([...starts.x, ...starts.y]), iterations, (flat) => path.push(split(flat)));
  const { x, y } = split(end);
  const scores = x.map((_, i) => score(world, x[i], y[i]));
  return { x, y, scores, mean: scores.reduce((sum, s) => sum + s, 0) / n, path };
}

/** The generator that `searchKnob` is, for the penalty with this mean score; it yields after each run. */
export function searchPenalty(world, starts, target, tolerance) {
  return searchKnob((penalty) => climb(world, starts, penalty).mean, target, tolerance, START, "penalty");
}

/** The penalty with which the ends have the target mean score: {knob, mean, runs}. */
export function calibratePenalty(world, starts, target, tolerance) {
  return calibrateKnob((penalty) => climb(world, starts, penalty).mean, target, tolerance, START, "penalty");
}
