/** Top-k and weights of a pool: which of its points an explanation shows, and how many carry it. */

import { require } from "./errors.js";
import { Hard } from "./hard.js";

/**
 * The truncation that keeps k of the n points; of the ties at the k-th highest score it keeps an equal share each.
 *
 * @param {PoolLaw} pool
 * @param {number} k a whole number in 1..n
 * @returns {Hard} it keeps the mass k/n
 */
export function topK(pool, k) {
  require(Number.isInteger(k) && k >= 1 && k <= pool.n, "k", k, `a whole number in 1..${pool.n}, the number of scores`);
  let above = 0;
  let i = pool.values.length - 1;
  while (above + pool.counts[i] < k) above += pool.counts[i--];
  return new Hard(pool, pool.values[i], (k - above) / pool.counts[i]);
}

/**
 * The weights of the points of a pool under a solution, with sum 1.
 *
 * @param {ArrayLike<number>} scores the pool, in its own order
 * @param {Hard|Tilt} solution of the pool's law
 * @returns {Float64Array} one weight a point
 */
export function weightsOf(scores, solution) {
  const weights = Float64Array.from(scores, (score) => solution.ratio(score));
  const total = weights.reduce((sum, w) => sum + w, 0);
  return weights.map((w) => w / total);
}

/** 1/sum w^2: how many equally weighted points are worth as much as the pool under a solution; between 1 and n. */
export function effectiveSize(pool, solution) {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < pool.values.length; i++) {
    const ratio = solution.ratio(pool.values[i]);
    sum += pool.counts[i] * ratio;
    squares += pool.counts[i] * ratio * ratio;
  }
  return (sum * sum) / squares;
}
