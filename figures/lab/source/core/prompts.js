/**
 * A mode as a prompt: what a generator that knows only the words for the modes pays, split as in Theorem F.7.
 *
 * KL(q || p) = KL(q_beta || p) + KL(q || q_beta) + beta (E_q[psi] - tau): level, bottleneck, overshoot.
 */

import { require } from "./errors.js";
import { AngularLaw } from "./law.js";
import { logDensity, makeWorld } from "./world.js";

const STEP = 0.1; // of the trapezoidal rule, in standard deviations: exact to rounding for analytic integrands
const REACH = 9;

/** KL(N(mode, sigma^2 I) || p), in nats, by the trapezoidal rule on a square of 18 standard deviations. */
function klOfMode(world, mode) {
  const { sigma } = world;
  const count = Math.round(REACH / STEP);
  const offsets = Array.from({ length: 2 * count + 1 }, (_, i) => (i - count) * STEP);
  const masses = offsets.map((z) => (STEP * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI));
  const constant = Math.log(2 * Math.PI * sigma * sigma);
  let sum = 0;
  offsets.forEach((a, i) =>
    offsets.forEach((b, j) => {
      const own = -0.5 * (a * a + b * b) - constant;
      sum += masses[i] * masses[j] * (own - logDensity(world, mode[0] + sigma * a, mode[1] + sigma * b));
    }),
  );
  return sum;
}

/**
 * What is known of a mode as a prompt, whatever the target.
 *
 * @param {object} world from `makeWorld`
 * @param {number} index of the mode, from 0
 * @returns {{index: number, kl: number, mean: number}} KL to p (nats) and E_q[psi] (score units)
 */
export function promptOf(world, index) {
  require(index in world.modes, "mode", index, `a whole number in 0..${world.modes.length - 1}`);
  const mode = world.modes[index];
  const alone = makeWorld({ ...world, modes: [mode], weights: [1] });
  return { index, kl: klOfMode(world, mode), mean: new AngularLaw(alone).mean };
}

/**
 * The parts of a prompt's KL at the tilt of a target.
 *
 * @param {{kl: number, mean: number}} prompt from `promptOf`
 * @param {Tilt} tilt the KLSC solution at the target
 * @param {number} target tau (score units)
 * @returns {{kl: number, level: number, bottleneck: number, overshoot: number, feasible: boolean}} nats; `overshoot` is
 *     negative where the prompt does not reach the target (`feasible` false)
 */
export function splitPrompt(prompt, tilt, target) {
  const bottleneck = Math.max(0, prompt.kl - tilt.multiplier * prompt.mean + tilt.logPartition);
  const overshoot = tilt.multiplier * (prompt.mean - target);
  return { kl: prompt.kl, level: tilt.kl, bottleneck, overshoot, feasible: prompt.mean >= target };
}
