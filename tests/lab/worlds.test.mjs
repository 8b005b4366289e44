/** The exact law against `theory`: the paper's world, dragged worlds, histograms, modes as prompts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalEdges, histogramOf } from "../../figures/lab/source/core/histogram.js";
import { AngularLaw } from "../../figures/lab/source/core/law.js";
import { PAPER } from "../../figures/lab/source/core/paper.js";
import { promptOf, splitPrompt } from "../../figures/lab/source/core/prompts.js";
import { calibrateHard, calibrateTilt } from "../../figures/lab/source/core/solutions.js";
import { makeWorld } from "../../figures/lab/source/core/world.js";
import { assertRefused, compareLevel } from "./levels.mjs";
import { Comparison, reference } from "./near.mjs";

test("the page's world is the recovered one", () => {
  const [{ settings }] = reference.worlds;
  const comparison = new Comparison("constants");
  comparison.numbers("modes", PAPER.modes.flat(), settings.modes.flat());
  for (const name of ["sigma", "scoreScale", "margin", "targetStep"]) comparison.number(name, PAPER[name], settings[name]);
  comparison.end(12);
});

test("there are eleven worlds", () => assert.equal(reference.worlds.length, 11));

for (const record of reference.worlds) {
  const world = makeWorld(record.settings);

  test(`levels: ${record.name}`, (context) => {
    const law = new AngularLaw(world);
    const comparison = new Comparison(record.name);
    comparison.number("mean", law.mean, record.mean);
    comparison.number("variance", law.tiltedMoments(0).variance, record.variance);
    for (const level of record.levels) {
      compareLevel(comparison, record.name, law, level, world.margin, world.targetStep);
    }
    assertRefused(law, record.refused);
    context.diagnostic(`${comparison.count} numbers, worst relative difference ${comparison.worst.toExponential(1)}`);
    comparison.end(100);
  });

  test(`histogram: ${record.name}`, () => {
    const law = new AngularLaw(world);
    const { target, prior, hard, tilt } = record.histogram;
    const histogram = histogramOf(law, equalEdges(law, prior.length));
    const comparison = new Comparison(record.name);
    const soft = calibrateTilt(law, target);
    comparison.numbers("prior", histogram.prior, prior);
    comparison.numbers("hard", histogram.hard(calibrateHard(law, target)), hard);
    comparison.numbers("tilt", histogram.tilt(soft.multiplier, soft.logFromTop), tilt);
    comparison.end(72);
  });

  test(`prompts: ${record.name}`, () => {
    const law = new AngularLaw(world);
    const comparison = new Comparison(record.name);
    record.prompts.forEach((expected, k) => {
      const prompt = promptOf(world, k);
      const parts = splitPrompt(prompt, calibrateTilt(law, expected.target), expected.target);
      comparison.number(`mean ${k}`, prompt.mean, expected.mean);
      for (const part of ["kl", "level", "bottleneck", "overshoot"]) comparison.number(`${part} ${k}`, parts[part], expected[part]);
    });
    comparison.end(20);
  });
}
