/**
 * Draws with repetition, spread over the score: how often each example of a pool is drawn.
 *
 * Along a line in the order of the score, example i has the length k w_i; ticks at distance 1 count. So example i is drawn
 * floor(k w_i) or ceil(k w_i) times, k w_i times on average over the offset: a heavy example shows how heavy it is.
 */

import { require } from "./errors.js";

/**
 * @param {Float64Array} weights >= 0 with sum 1, one an example
 * @param {ArrayLike<number>} order the examples by score
 * @param {number} k how many draws, a whole number >= 1
 * @param {number} offset in [0, 1)
 * @returns {Map<number, number>} example -> its draws, where there are any; they sum to k
 */
export function drawCounts(weights, order, k, offset) {
  require(Number.isInteger(k) && k >= 1, "k", k, "a whole number >= 1");
  require(offset >= 0 && offset < 1, "offset", offset, "in [0, 1)");
  let total = 0;
  for (const weight of weights) total += weight;
  const found = new Map();
  let [along, ticks, last] = [0, 0, null];
  for (let j = 0; j < order.length && ticks < k; j++) {
    const weight = weights[order[j]];
    if (!(weight > 0)) continue;
    last = order[j];
    along += (weight / total) * k;
    const here = Math.min(k, Math.ceil(along - offset)) - ticks;
    if (here > 0) {
      found.set(last, here);
      ticks += here;
    }
  }
  if (ticks < k) found.set(last, (found.get(last) ?? 0) + k - ticks); // rounding of the sum
  return found;
}
