/** One knob of a method, turned until the mean score of what it makes is a target. */

import { CalibrationFailed, require } from "./errors.js";

const DOUBLINGS = 30;
const PATIENCE = 4;
const TRIES = 40;

/**
 * The search as a generator: it yields after each run, so that a page can draw between runs.
 *
 * The root is bracketed by doubling, then found by the secant method inside the bracket (Illinois rule).
 *
 * @param {(knob: number) => number} meanAt runs the method; its noise is fixed, so that the mean is continuous
 * @param {number} target
 * @param {number} tolerance accepted distance from it, > 0 (score units)
 * @param {number} start first knob after 0
 * @param {string} name of the knob, for errors
 * @yields {{knob: number, mean: number}} each run
 * @returns {{knob: number, mean: number, runs: number}}
 * @throws {CalibrationFailed} if the mean does not reach the target
 */
export function* searchKnob(meanAt, target, tolerance, start, name) {
  require(tolerance > 0 && start > 0, "tolerance, start", `${tolerance}, ${start}`, "positive");
  let runs = 0;
  const at = (knob) => {
    const mean = meanAt(knob);
    runs++;
    if (!Number.isFinite(mean)) throw new CalibrationFailed(`the mean is ${mean} at ${name} = ${knob}`);
    return { knob, mean, excess: mean - target };
  };
  let low = at(0);
  yield low;
  if (Math.abs(low.excess) <= tolerance) return { knob: low.knob, mean: low.mean, runs };
  let high = at(start);
  yield high;
  const gaps = [Math.abs(low.excess)];
  while (Math.abs(high.excess) > tolerance && low.excess * high.excess > 0) {
    gaps.push(Math.abs(high.excess));
    const stuck = gaps.length > PATIENCE && gaps.at(-1) >= gaps.at(-PATIENCE) - 1e-3 * tolerance;
    if (stuck || gaps.length > DOUBLINGS) {
      throw new CalibrationFailed(`target = ${target}: out of reach; ${name} up to ${high.knob} gave ${high.mean}`);
    }
    low = high;
    high = at(2 * high.knob);
    yield high;
  }
  let [lowWeight, highWeight] = [low.excess, high.excess];
  let best = Math.abs(low.excess) < Math.abs(high.excess) ? low : high;
  for (let tried = 0; tried < TRIES && Math.abs(best.excess) > tolerance; tried++) {
    const next = at((low.knob * highWeight - high.knob * lowWeight) / (highWeight - lowWeight));
    yield next;
    if (next.excess * high.excess > 0) {
      high = next;
      highWeight = next.excess;
      lowWeight *= 0.5;
    } else {
      [low, lowWeight] = [next, next.excess];
      highWeight *= 0.5;
    }
    if (Math.abs(next.excess) < Math.abs(best.excess)) best = next;
  }
  if (Math.abs(best.excess) > tolerance) {
    throw new CalibrationFailed(`target = ${target}: the mean jumps past it by more than ${tolerance}`);
  }
  return { knob: best.knob, mean: best.mean, runs };
}

/** The search run to its end; arguments and errors of `searchKnob`. */
export function calibrateKnob(meanAt, target, tolerance, start, name) {
  const search = searchKnob(meanAt, target, tolerance, start, name);
  let step = search.next();
  while (!step.done) step = search.next();
  return step.value;
}
