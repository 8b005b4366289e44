/** The comparison of one level of a law with its record. */

import assert from "node:assert/strict";
import { InfeasibleTarget } from "../../figures/lab/source/core/errors.js";
import { compare } from "../../figures/lab/source/core/measures.js";
import { calibrateHard, calibrateTilt } from "../../figures/lab/source/core/solutions.js";

/** Compare all that is known of both solutions at a target. */
export function compareLevel(comparison, name, law, level, margin, step) {
  const found = compare(law, level.target, margin, step);
  const { hard, tilt } = found;
  const at = `${name} at ${level.target}: `;
  const same = (what, a, b) => comparison.number(at + what, a, b);
  assert.deepEqual([hard.status, tilt.status], level.status, at);
  const cut = hard.status !== "inactive";
  same("threshold", cut ? hard.threshold : null, level.threshold);
  same("tie", hard.tie, level.tie);
  same("kept", hard.kept, level.kept);
  comparison.numbers(at + "means", [hard.mean, tilt.mean], level.means);
  same("multiplier", tilt.limit ? null : tilt.multiplier, level.multiplier);
  same("log partition", tilt.limit ? null : tilt.logPartition, level.log_partition);
  same("variance", tilt.variance, level.variance);
  comparison.numbers(at + "kl", [hard.kl, tilt.kl], level.kl);
  same("gap", found.gap, level.gap);
  same("tv", found.tv, level.tv);
  comparison.numbers(at + "boundary", cut ? [found.boundary.hard, found.boundary.tilt] : null, level.boundary);
  const stepped = found.next.hard ? [found.step.hard, found.step.tilt] : null;
  comparison.numbers(at + "step", stepped, level.step);
}

/** Both calibrations refuse these targets. */
export function assertRefused(law, targets) {
  for (const target of targets) {
    assert.throws(() => calibrateHard(law, target), InfeasibleTarget, `hard at ${target}`);
    assert.throws(() => calibrateTilt(law, target), InfeasibleTarget, `tilt at ${target}`);
  }
}
