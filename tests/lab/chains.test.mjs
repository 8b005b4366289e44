/**
 * EnergyDPS and the ascents against `theory` and `toy`, with the same random numbers.
 *
 * Near the origin, where psi has no limit, an optimiser amplifies rounding: a start moved by 1e-15 ends up to 1e-5 away
 * after 20 iterations. So the ends agree to 1e-9 for 8 iterations, and their mean score to 1e-4 after 20.
 */

import { test } from "node:test";
import { climb, drawStarts } from "../../figures/lab/source/core/ascent.js";
import { drawNoise, energyDps } from "../../figures/lab/source/core/dps.js";
import { PAPER } from "../../figures/lab/source/core/paper.js";
import { reverseSteps } from "../../figures/lab/source/core/schedule.js";
import { makeWorld } from "../../figures/lab/source/core/world.js";
import { Comparison, reference } from "./near.mjs";

const { rows, guided, ascents } = reference.chains;

test("the reverse steps are those of the strided linear schedule", () => {
  const comparison = new Comparison("rows");
  for (const [steps, index, ...expected] of rows) {
    const row = reverseSteps(steps).find((found) => found.index === index);
    const { signal, noiseVariance, fromX, fromX0, noiseSd, tiltZeta } = row;
    comparison.numbers(`${steps}, ${index}`, [signal, noiseVariance, fromX, fromX0, noiseSd, tiltZeta], expected);
  }
  comparison.end(90);
});

test("guided samples", (context) => {
  const comparison = new Comparison("guided");
  for (const { settings, seed, n, steps, strength, ends, mean } of guided) {
    const found = energyDps(makeWorld(settings), drawNoise(n, steps, seed), strength);
    ends.forEach(([x, y], i) => comparison.numbers(`strength ${strength}, point ${i}`, [found.x[i], found.y[i]], [x, y]));
    comparison.number("mean", found.mean, mean);
  }
  context.diagnostic(`worst relative difference ${comparison.worst.toExponential(1)}`);
  comparison.end(100);
});

test("ends of ascents", (context) => {
  const comparison = new Comparison("ascents");
  for (const { seed, n, penalty, iterations, ends, mean } of ascents) {
    const found = climb(PAPER, drawStarts(n, seed), penalty, iterations);
    if (iterations > 8) {
      comparison.number(`mean ${penalty}, ${iterations}`, found.mean, mean, 1e-4);
      continue;
    }
    ends.forEach(([x, y], i) => comparison.numbers(`${penalty}, ${iterations}, ${i}`, [found.x[i], found.y[i]], [x, y]));
    comparison.number(`mean ${penalty}, ${iterations}`, found.mean, mean);
  }
  context.diagnostic(`worst relative difference ${comparison.worst.toExponential(1)}`);
  comparison.end(140);
});
