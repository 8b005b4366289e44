/**
 * EnergyDPS on the mixture: guided reverse diffusion, with denoiser and guidance in closed form.
 *
 * At noise level alpha_bar let V = alpha_bar sigma^2 + 1 - alpha_bar, y = x/sqrt(alpha_bar), e_k = (mu_k - y)/V and r_k the
 * responsibilities, bars for means over them. Then x0_hat = y + (1 - alpha_bar) e_bar, and the guidance is
 * sqrt(alpha_bar) [sigma^2/V v + (1 - alpha_bar) mean((e_k - e_bar) (e_k - e_bar)' v)], v = grad psi(x0_hat).
 */

import { require } from "./errors.js";
import { calibrateKnob, searchKnob } from "./knobs.js";
import { normals, random } from "./random.js";
import { reverseSteps } from "./schedule.js";
import { score, scoreGradient } from "./world.js";

const START = 0.05;

/**
 * Standard normal points for each step of a chain; equal noise gives equal samples.
 *
 * @param {number} n points, at least 1
 * @param {number} steps of the reverse process
 * @param {number} seed a whole number
 * @returns {{n: number, steps: number, x: Float64Array[], y: Float64Array[]}} x[i], y[i] belong to level i of 0..steps
 */
export function drawNoise(n, steps, seed) {
  require(Number.isInteger(n) && n >= 1, "n", n, "a whole number >= 1");
  const next = random(seed);
  const levels = () => Array.from({ length: steps + 1 }, () => normals(n, next));
  return { n, steps, x: levels(), y: levels() };
}

/** One reverse step of all points, in place; zeta is the factor of the guidance. */
function step(world, row, zeta, x, y, zx, zy) {
  const { modes, weights, sigma } = world;
  const count = modes.length;
  const spread = row.signal ** 2 * sigma ** 2 + row.noiseVariance;
  const [ex, ey, share] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const logs = weights.map(Math.log);
  const within = sigma ** 2 / spread;
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [x[i] / row.signal, y[i] / row.signal];
    let highest = -Infinity;
    for (let k = 0; k < count; k++) {
      ex[k] = (modes[k][0] - px) / spread;
      ey[k] = (modes[k][1] - py) / spread;
      share[k] = logs[k] - 0.5 * row.signal ** 2 * spread * (ex[k] * ex[k] + ey[k] * ey[k]);
      if (share[k] > highest) highest = share[k];
    }
    let [total, barX, barY] = [0, 0, 0];
    for (let k = 0; k < count; k++) {
      share[k] = Math.exp(share[k] - highest);
      total += share[k];
      barX += share[k] * ex[k];
      barY += share[k] * ey[k];
    }
    barX /= total;
    barY /= total;
    const [cleanX, cleanY] = [px + row.noiseVariance * barX, py + row.noiseVariance * barY];
    let [gx, gy] = [0, 0];
    if (zeta > 0) {
      const [vx, vy] = scoreGradient(world, cleanX, cleanY);
      for (let k = 0; k < count; k++) {
        const [ox, oy] = [ex[k] - barX, ey[k] - barY];
        const pull = (share[k] / total) * (ox * vx + oy * vy);
        gx += pull * ox;
        gy += pull * oy;
      }
      gx = row.signal * (within * vx + row.noiseVariance * gx);
      gy = row.signal * (within * vy + row.noiseVariance * gy);
    }
    x[i] = row.fromX * x[i] + row.fromX0 * cleanX + row.noiseSd * zx[i] + zeta * gx;
    y[i] = row.fromX * y[i] + row.fromX0 * cleanY + row.noiseSd * zy[i] + zeta * gy;
  }
}

/**
 * Guided samples, with the tilt-like zeta_i = strength (1 - alpha_i)/sqrt(alpha_i).
 *
 * @param {object} world from `makeWorld`
 * @param {object} noise from `drawNoise`
 * @param {number} strength finite, >= 0 (per score unit); 0 is the unguided sampler. It is not the tilt's multiplier
 * @param {(step: number, x: Float64Array, y: Float64Array) => void} [watch] called with the points at the start and
 *     after each step; it must copy what it keeps
 * @returns {{x: Float64Array, y: Float64Array, scores: Float64Array, mean: number}}
 */
export function energyDps(world, noise, strength, watch = () => {}) {
  require(Number.isFinite(strength) && strength >= 0, "strength", strength, "finite and >= 0");
  const [x, y] = [noise.x[noise.steps].slice(), noise.y[noise.steps].slice()];
  watch(0, x, y);
  for (const row of reverseSteps(noise.steps)) {
    step(world, row, strength * row.tiltZeta, x, y, noise.x[row.index - 1], noise.y[row.index - 1]);
    watch(noise.steps - row.index + 1, x, y);
  }
  const scores = Float64Array.from(x, (_, i) => score(world, x[i], y[i]));
  return { x, y, scores, mean: scores.reduce((sum, s) => sum + s, 0) / scores.length };
}

/** The generator that `searchKnob` is, for the strength with this mean score; it yields after each run. */
export function searchStrength(world, noise, target, tolerance) {
  return searchKnob((strength) => energyDps(world, noise, strength).mean, target, tolerance, START, "strength");
}

/** The strength with which the samples have the target mean, at equal noise: {knob, mean, runs}. */
export function calibrateStrength(world, noise, target, tolerance) {
  return calibrateKnob((strength) => energyDps(world, noise, strength).mean, target, tolerance, START, "strength");
}
