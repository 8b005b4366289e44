/** The noise schedule of the page's sampler: every (1000/steps)-th level of the linear DDPM schedule, as `theory` has it. */

import { require } from "./errors.js";

const LEVELS = 1000;
const [FIRST, LAST] = [1e-4, 0.02];

/** alpha_bar_0 = 1, ..., alpha_bar_1000: the share of signal variance left. */
function alphaBars() {
  const out = new Float64Array(LEVELS + 1);
  let log = 0;
  for (let i = 0; i < LEVELS; i++) {
    log += Math.log1p(-(FIRST + ((LAST - FIRST) * i) / (LEVELS - 1)));
    out[i + 1] = Math.exp(log);
  }
  out[0] = 1;
  return out;
}

/** The nearest whole number, of two the even one. */
function rounded(x) {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2) : Math.round(x);
}

/**
 * The reverse steps from i = steps to 1.
 *
 * @param {number} steps a whole number in 1..1000
 * @returns {object[]} rows with `index` i, `signal` = sqrt(alpha_bar), `noiseVariance` = 1 - alpha_bar, the coefficients
 *     `fromX`, `fromX0`, `noiseSd` of x_(i-1) given x_i and x_0, and `tiltZeta` = (1 - alpha)/sqrt(alpha)
 */
export function reverseSteps(steps) {
  require(Number.isInteger(steps) && steps >= 1 && steps <= LEVELS, "steps", steps, `a whole number in 1..${LEVELS}`);
  const all = alphaBars();
  const kept = Array.from({ length: steps + 1 }, (_, i) => all[rounded((i * LEVELS) / steps)]);
  const rows = [];
  for (let i = steps; i >= 1; i--) {
    const [now, before] = [kept[i], kept[i - 1]];
    const alpha = now / before;
    const variance = 1 - alpha;
    rows.push({
      index: i,
      signal: Math.sqrt(now),
      noiseVariance: 1 - now,
      fromX: (Math.sqrt(alpha) * (1 - before)) / (1 - now),
      fromX0: (Math.sqrt(before) * variance) / (1 - now),
      noiseSd: Math.sqrt(((1 - before) * variance) / (1 - now)),
      tiltZeta: variance / Math.sqrt(alpha),
    });
  }
  return rows;
}
