/** The scenes' prose: every number is a token that is computed, and what a question calls right is what is computed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { climb, drawStarts } from "../../figures/lab/source/core/ascent.js";
import { drawNoise, energyDps } from "../../figures/lab/source/core/dps.js";
import { PAPER_SETTINGS } from "../../figures/lab/source/core/paper.js";
import { retrieve } from "../../figures/lab/source/core/retrieval.js";
import { drawOffsets, makeWorld, placePoints } from "../../figures/lab/source/core/world.js";
import { PAPER_SETTING } from "../../figures/lab/source/page/model.js";
import { QUANTITIES, valueOf } from "../../figures/lab/source/page/quantities.js";
import { token, tokens } from "../../figures/lab/source/page/text.js";
import { CLAIMS } from "../../figures/lab/source/scenes/statements.js";
import { SCENES } from "../../figures/lab/source/scenes/index.js";

const here = (mean) => ({ setting: PAPER_SETTING, world: PAPER_SETTING.world, law: PAPER_SETTING.law, level: PAPER_SETTING.level(mean) });
const prose = (scene) => [...scene.text, scene.touch.text, scene.question.text, ...scene.question.options, scene.answer.claim, ...scene.answer.text, scene.answer.task ?? "", ...(scene.takeaway ?? [])];
const stated = (scene) => prose(scene).filter((text) => !scene.question.options.includes(text));
const value = (text, mean = 5) => valueOf(token(text), here(mean), PAPER_SETTING);

for (const scene of SCENES) {
  test(`${scene.id}: every token is a finite number`, () => {
    for (const text of prose(scene)) {
      for (const found of tokens(text)) {
        assert.ok(found.name in QUANTITIES, found.name);
        assert.ok(Number.isFinite(valueOf(found, here(scene.start.mean ?? 5), PAPER_SETTING)), found.name);
      }
    }
  });

  test(`${scene.id}: no measured number is typed`, () => {
    for (const text of stated(scene)) {
      const typed = text.replace(/\{[^}]+\}|\bmean \d\.\d/g, "").match(/\d+\.\d+|\d+(?= ?(?:%|nats|times))/g) ?? [];
      assert.deepEqual(typed, [], text);
    }
  });

  test(`${scene.id}: its statements have claims`, () => {
    for (const label of scene.statements) assert.ok(CLAIMS[label], label);
  });
}

/** The number that an option names, from its text: "about 19 %" is 0.19, "the same" 1. */
function optionsOf(id) {
  return SCENES.find((scene) => scene.id === id).question.options.map((text) => {
    if (text === "the same") return 1;
    const [found] = text.replace(/(\d) (\d{3})/g, "$1$2").match(/\d+(\.\d+)?/);
    return Number(found) / (text.includes("%") ? 100 : 1);
  });
}

/** Whose pictures stay where they are when the third mode moves: a choice of the best of p, an ascent, EnergyDPS. */
function unmoved() {
  const worlds = [[0, 0], [1.5, -2]].map(([dx, dy]) => {
    const modes = PAPER_SETTINGS.modes.map(([x, y], i) => (i === 2 ? [x + dx, y + dy] : [x, y]));
    return makeWorld({ ...PAPER_SETTINGS, modes });
  });
  const retrieved = (world) => {
    const points = placePoints(world, drawOffsets(500, 3));
    return Array.from(retrieve(points.scores, 6).indices, (i) => points.x[i]);
  };
  const drawn = [
    retrieved,
    (world) => climb(world, drawStarts(20, 3), 0.5).x,
    (world) => energyDps(world, drawNoise(20, 10, 3), 0.5).x,
  ].map((method) => worlds.map((world) => Array.from(method(world))));
  const still = drawn.map(([before, after]) => before.every((x, i) => x === after[i]));
  assert.equal(still.filter(Boolean).length, 1);
  return still.indexOf(true);
}

/** What is computed, as the place of the option that says so. */
const RIGHT = {
  feature: () => nearest(optionsOf("feature"), value("discarded@5")),
  prices: () => nearest(optionsOf("prices"), value("ratio@5")),
  makers: unmoved,
  edge: () => (value("shell.hard@7") > value("shell.tilt@7") ? 0 : 1),
  nudge: () => (value("swap.hard@7") > value("swap.tilt@7") ? 0 : 1),
  world: () => (value("gap@6") > 0 ? 2 : 0),
  words: () => (value("word.bottleneck@6") > 0.01 && value("word.overshoot@6") > 0.01 ? 2 : value("word.bottleneck@6") > 0.01 ? 1 : 0),
  own: () => nearest(optionsOf("own"), value("example.effective")),
};

function nearest(options, found) {
  const distances = options.map((option) => Math.abs(Math.log(option / found)));
  return distances.indexOf(Math.min(...distances));
}

for (const [id, right] of Object.entries(RIGHT)) {
  test(`${id}: the right option is the computed one`, () => {
    assert.equal(SCENES.find((scene) => scene.id === id).question.right, right());
  });
}

test("the sentences about a ratio near the mean and far from it hold", () => {
  assert.ok(value("ratio@4.2") > value("ratio@5") && value("ratio@5") > value("ratio@7"));
});
