/** Retrieval: keep the best of a pool, as many as bring their mean score nearest to a target. */

import { InfeasibleTarget, require } from "./errors.js";
import { sumsFromEnd } from "./sums.js";

/** The order of a pool by falling score, ties in the order of the pool. */
export function byFallingScore(scores) {
  return Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
}

/**
 * The prefix of the sorted pool whose mean score is nearest to the target (the longest one among equals).
 *
 * @param {ArrayLike<number>} scores the pool
 * @param {number} target at or below the mean of the pool all of it is kept
 * @returns {{indices: Uint32Array, mean: number, threshold: number}} kept points, highest score first
 * @throws {InfeasibleTarget} above the largest score
 */
export function retrieve(scores, target) {
  require(scores.length > 0, "number of scores", scores.length, "at least 1");
  const order = byFallingScore(scores);
  const n = order.length;
  const top = scores[order[0]];
  if (target > top) throw new InfeasibleTarget(`target = ${target}: must be at most ${top}, the largest score of the pool`);
  // Distances from the top keep their digits; the mean of a prefix falls with its length.
  const below = sumsFromEnd(Float64Array.from({ length: n }, (_, i) => top - scores[order[n - 1 - i]]));
  const mean = (k) => top - below[n - k] / k;
  let [low, high] = [1, n];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (mean(middle) >= target) low = middle;
    else high = middle - 1;
  }
  const k = low < n && target - mean(low + 1) <= mean(low) - target ? low + 1 : low;
  return { indices: order.subarray(0, k), mean: mean(k), threshold: scores[order[k - 1]] };
}

/**
 * Retrieval after only the first `seen` points of a random order have been looked at.
 *
 * @param {ArrayLike<number>} scores the pool
 * @param {ArrayLike<number>} order the order in which it is looked at
 * @param {number} seen in 1..n
 * @param {number} target
 * @returns {object|null} as `retrieve`, with indices of the whole pool; null while no score seen reaches the target
 */
export function retrieveSeen(scores, order, seen, target) {
  const looked = Uint32Array.from(order).subarray(0, seen);
  const found = Float64Array.from(looked, (i) => scores[i]);
  if (target > found.reduce((best, score) => Math.max(best, score), -Infinity)) return null;
  const kept = retrieve(found, target);
  return { ...kept, indices: kept.indices.map((i) => looked[i]) };
}
