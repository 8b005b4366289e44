/**
 * Which points of a pool to show: different ones, each with a chance proportional to its weight, spread over the score.
 *
 * Systematic sampling (Madow 1949): inclusion probabilities min(1, c w) lie along a line in the order of the score, and
 * ticks at distance 1 choose. A change of the solution is drawn under a maximal coupling: as many points as possible stay.
 */

import { require } from "./errors.js";
import { sumsFromEnd } from "./sums.js";

const CERTAIN = 1 - 1e-12;

/**
 * pi_i = min(1, c w_i) with sum k.
 *
 * @param {Float64Array} weights >= 0 with sum 1
 * @param {number} k a whole number in 1..(number of positive weights)
 * @returns {Float64Array}
 */
export function inclusionProbabilities(weights, k) {
  const charged = weights.reduce((count, w) => count + (w > 0 ? 1 : 0), 0);
  require(Number.isInteger(k) && k >= 1 && k <= charged, "k", k, `a whole number in 1..${charged}, the points with weight`);
  const heaviest = Float64Array.from(weights).sort().reverse();
  const rest = sumsFromEnd(heaviest);
  let m = 0; // so many are certain
  while (m < k - 1 && heaviest[m] * (k - m) > rest[m] * (1 + 1e-15)) m++;
  return weights.map((w) => Math.min(1, w > heaviest[m] ? 1 : (w / rest[m]) * (k - m)));
}

/**
 * Positions under the ticks offset, offset + 1, ...; ascending, all different.
 *
 * @param {Float64Array} probabilities in [0, 1], with a whole number as sum, in the order in which they lie on the line
 * @param {number} offset in [0, 1)
 * @returns {number[]} position i is among them with probability pi_i over a uniform offset
 */
export function systematicSample(probabilities, offset) {
  require(offset >= 0 && offset < 1, "offset", offset, "in [0, 1)");
  const total = probabilities.reduce((sum, p) => sum + p, 0);
  const k = Math.round(total);
  require(k >= 1 && Math.abs(total - k) <= 1e-6, "sum of the probabilities", total, "a whole number >= 1");
  const certain = [];
  const others = [];
  probabilities.forEach((p, i) => (p >= CERTAIN ? certain.push(i) : p > 0 && others.push(i)));
  const drawn = k - certain.length;
  if (drawn <= 0) return certain;
  const line = others.reduce((sum, i) => sum + probabilities[i], 0);
  const found = [];
  let [along, tick] = [0, 0];
  for (let j = 0; j < others.length && tick < drawn; j++) {
    along += (probabilities[others[j]] * drawn) / line;
    if (along > offset + tick || j >= others.length - (drawn - tick)) {
      found.push(others[j]);
      tick++;
    }
  }
  return [...certain, ...found].sort((a, b) => a - b);
}

/**
 * At most k points of a pool that stand for weights, spread over the score.
 *
 * @param {Float64Array} weights >= 0, one a point, not all 0
 * @param {ArrayLike<number>} order the points by score
 * @param {number} k how many; fewer where fewer have weight
 * @param {number} offset in [0, 1)
 * @returns {number[]} indices of points, in the given order
 */
export function drawPoints(weights, order, k, offset) {
  const along = Float64Array.from(order, (i) => weights[i]);
  const total = along.reduce((sum, w) => sum + w, 0);
  const charged = along.reduce((count, w) => count + (w > 0 ? 1 : 0), 0);
  const count = Math.min(k, charged);
  if (count === 0) return [];
  const chosen = systematicSample(inclusionProbabilities(along.map((w) => w / total), count), offset);
  return chosen.map((position) => order[position]);
}

/**
 * k points before and k points after a change of the weights, as many as possible the same.
 *
 * The points that stay stand for min(q, r), those that leave for (q - r)^+, those that come for (r - q)^+; their numbers
 * are k (1 - TV) and k TV to the nearest whole number.
 *
 * @param {Float64Array} before q, sum 1
 * @param {Float64Array} after r, sum 1
 * @param {ArrayLike<number>} order the points by score
 * @param {number} k how many are drawn
 * @param {number} offset in [0, 1)
 * @param {number} [tv] TV(q, r) where it is known exactly; else that of the weights
 * @returns {{stay: number[], leave: number[], come: number[], tv: number}}
 */
export function drawSwap(before, after, order, k, offset, tv) {
  const parts = { stay: before.map((q, i) => Math.min(q, after[i])), leave: before.map((q, i) => Math.max(0, q - after[i])) };
  const come = after.map((r, i) => Math.max(0, r - before[i]));
  const moved = tv ?? parts.leave.reduce((sum, w) => sum + w, 0);
  const changed = Math.round(k * moved);
  return {
    stay: drawPoints(parts.stay, order, k - changed, offset),
    leave: drawPoints(parts.leave, order, changed, offset),
    come: drawPoints(come, order, changed, offset),
    tv: moved,
  };
}
