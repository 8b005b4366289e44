/** The scenes' prose: every number is a token that is computed, and what a question calls right is what is computed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PAPER_SETTING } from "../../figures/lab/source/page/model.js";
import { QUANTITIES, valueOf } from "../../figures/lab/source/page/quantities.js";
import { token, tokens } from "../../figures/lab/source/page/text.js";
import { CLAIMS } from "../../figures/lab/source/scenes/statements.js";
import { SCENES } from "../../figures/lab/source/scenes/index.js";

const here = (mean) => ({ setting: PAPER_SETTING, world: PAPER_SETTING.world, law: PAPER_SETTING.law, level: PAPER_SETTING.level(mean) });
const prose = (scene) => [...scene.text, scene.touch.text, scene.question.text, ...scene.question.options, scene.answer.claim, ...scene.answer.text, scene.answer.task ?? "", ...(scene.takeaway ?? [])];
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
    for (const text of [...scene.text, ...scene.answer.text]) {
      const typed = text.replace(/\{[^}]+\}|\bmean \d\.\d/g, "").match(/\d+\.\d+|\d+(?= ?(?:%|nats|times))/g) ?? [];
      assert.deepEqual(typed, [], text);
    }
  });

  test(`${scene.id}: its statements have claims`, () => {
    for (const label of scene.statements) assert.ok(CLAIMS[label], label);
  });
}

/** What the options of a question stand for, and what is computed. */
const RIGHT = {
  feature: () => nearest([0.02, 0.19, 0.5], value("discarded@5")),
  prices: () => nearest([1, 1.4, 4], value("ratio@5")),
  edge: () => (value("shell.hard@7") > value("shell.tilt@7") ? 0 : 1),
  nudge: () => (value("swap.hard@7") > value("swap.tilt@7") ? 0 : 1),
  world: () => (value("gap@6") > 0 ? 2 : 0),
  words: () => (value("word.bottleneck@6") > 0.01 && value("word.overshoot@6") > 0.01 ? 2 : value("word.bottleneck@6") > 0.01 ? 1 : 0),
  own: () => nearest([20, 100, 10_000], value("example.effective")),
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
