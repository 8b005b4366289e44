/** Finite pools against `theory`: own files with ties and zeros, the example and the points that the page draws. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { drawPoints, drawSwap } from "../../figures/lab/source/core/draws.js";
import { exampleScores } from "../../figures/lab/source/core/example.js";
import { PAPER } from "../../figures/lab/source/core/paper.js";
import { PoolLaw } from "../../figures/lab/source/core/pool.js";
import { retrieve } from "../../figures/lab/source/core/retrieval.js";
import { calibrateHard, calibrateTilt } from "../../figures/lab/source/core/solutions.js";
import { effectiveSize, topK, weightsOf } from "../../figures/lab/source/core/weights.js";
import { drawOffsets, placePoints } from "../../figures/lab/source/core/world.js";
import { assertRefused, compareLevel } from "./levels.mjs";
import { Comparison, reference } from "./near.mjs";

function scoresOf(record) {
  if (record.scores) return Float64Array.from(record.scores);
  if (record.example) return exampleScores(record.example.n, record.example.seed);
  return placePoints(PAPER, drawOffsets(record.points.n, record.points.seed)).scores;
}

test("there are twelve pools", () => assert.equal(reference.pools.length, 12));

for (const record of reference.pools) {
  const scores = scoresOf(record);
  const pool = new PoolLaw(scores);

  test(`levels: ${record.name}`, (context) => {
    const comparison = new Comparison(record.name);
    comparison.number("mean", pool.mean, record.mean);
    comparison.number("variance", pool.tiltedMoments(0).variance, record.variance);
    for (const level of record.levels) {
      compareLevel(comparison, record.name, pool, level, record.margin, record.target_step);
      const size = effectiveSize(pool, calibrateTilt(pool, level.target));
      comparison.number(`effective size at ${level.target}`, size, level.effective_size);
    }
    assertRefused(pool, record.refused);
    context.diagnostic(`${comparison.count} numbers, worst relative difference ${comparison.worst.toExponential(1)}`);
    comparison.end(15);
  });

  test(`top-k: ${record.name}`, () => {
    const comparison = new Comparison(record.name);
    for (const expected of record.top_k) {
      const hard = topK(pool, expected.k);
      const tilt = calibrateTilt(pool, hard.mean);
      const at = `k = ${expected.k}: `;
      comparison.number(at + "threshold", hard.threshold, expected.threshold);
      comparison.number(at + "tie", hard.tie, expected.tie);
      comparison.number(at + "mean", hard.mean, expected.mean);
      comparison.numbers(at + "kl", [hard.kl, tilt.kl], expected.kl);
      comparison.number(at + "multiplier", tilt.limit ? null : tilt.multiplier, expected.multiplier);
      comparison.number(at + "effective size", effectiveSize(pool, tilt), expected.effective_size);
    }
    comparison.end(7);
  });

  test(`retrieval and draws: ${record.name}`, () => {
    const comparison = new Comparison(record.name);
    for (const expected of record.retrieved) {
      const kept = retrieve(scores, expected.target);
      assert.equal(kept.indices.length, expected.k, `${record.name} at ${expected.target}`);
      assert.equal(kept.indices.at(-1), expected.last);
      comparison.number(`mean at ${expected.target}`, kept.mean, expected.mean);
    }
    comparison.end(1);
    const { target, k, offset, hard, tilt } = record.drawn;
    const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[a] - scores[b] || a - b);
    const solutions = { hard: calibrateHard(pool, target), tilt: calibrateTilt(pool, target) };
    assert.deepEqual(drawPoints(weightsOf(scores, solutions.hard), order, k, offset), hard);
    assert.deepEqual(drawPoints(weightsOf(scores, solutions.tilt), order, k, offset), tilt);
  });
}

test("a swap keeps k (1 - TV) points and exchanges k TV, to the nearest whole number", () => {
  const flat = (first, last) => Float64Array.from({ length: 100 }, (_, i) => (i >= first && i < last ? 1 / 70 : 0));
  const order = Uint32Array.from({ length: 100 }, (_, i) => i);
  for (const [k, changed] of [[7, 3], [20, 9], [60, 26]]) {
    const { stay, leave, come, tv } = drawSwap(flat(0, 70), flat(30, 100), order, k, 0.5);
    assert.ok(Math.abs(tv - 3 / 7) < 1e-12);
    assert.deepEqual([stay.length, leave.length, come.length], [k - changed, changed, changed]);
    assert.ok(leave.every((i) => i < 30) && stay.every((i) => i >= 30 && i < 70) && come.every((i) => i >= 70));
  }
});
