/** Calibration: the truncation and the tilt whose mean score is a target. */

import { InfeasibleTarget, require } from "./errors.js";
import { Hard } from "./hard.js";
import { Tilt } from "./tilt.js";

const STEPS = 400;
const DONE = 1e-10; // of the multiplier: Newton's next error is about its square

/**
 * The truncation with E_q[psi] = target; ties are shared out at random.
 *
 * @param {object} law an `AngularLaw` or a `PoolLaw`
 * @param {number} target in score units; at or below the mean of p everything is kept (threshold -Infinity)
 * @returns {Hard}
 * @throws {InfeasibleTarget} at or beyond a supremum without mass, beyond one with mass
 */
export function calibrateHard(law, target) {
  requireReachable(law, target);
  if (target <= law.mean) return new Hard(law, -Infinity);
  if (target === law.essSup) return new Hard(law, target);
  const threshold = law.tailThreshold(target);
  const atom = law.atom(threshold);
  if (atom === 0 || target <= threshold) return new Hard(law, threshold);
  // The excess over the atom's value does not depend on the share kept of it; the kept mass brings the mean to target.
  const above = law.survivalAbove(threshold);
  const share = Math.min(1, Math.max(0, (law.excess(threshold) / (target - threshold) - above) / atom));
  return new Hard(law, threshold, above + share * atom > 0 ? share : 1);
}

/**
 * The tilt with E_q[psi] = target.
 *
 * @param {object} law an `AngularLaw` or a `PoolLaw`
 * @param {number} target in score units; at or below the mean of p the tilt is p itself
 * @returns {Tilt}
 * @throws {InfeasibleTarget} at or beyond a supremum without mass, beyond one with mass
 */
export function calibrateTilt(law, target) {
  requireReachable(law, target);
  if (target <= law.mean) return new Tilt(law, 0);
  if (target === law.essSup) return new Tilt(law, Infinity);
  return new Tilt(law, multiplierAt(law, target));
}

/** The root of A'(beta) = target, by Newton's method inside a bracket; A'' is the variance. */
function multiplierAt(law, target) {
  const aim = law.essSup - target;
  let [low, high] = [0, Infinity];
  let beta = Math.min(1 / (law.essSup - law.essInf), (target - law.mean) / law.tiltedMoments(0).variance);
  for (let step = 0; step < STEPS; step++) {
    const { gap, variance } = law.tiltedMoments(beta);
    if (gap === aim) return beta;
    if (gap > aim) low = beta;
    else high = beta;
    const move = (gap - aim) / variance;
    if (Math.abs(move) <= DONE * beta) return beta + move;
    let next = beta + move;
    if (high === Infinity) next = next < 2 * beta ? next : 2 * beta;
    else if (!(next > low && next < high)) next = low > 0 && low < 0.25 * high ? Math.sqrt(low * high) : (low + high) / 2;
    if (next === beta || next === Infinity) break;
    beta = next;
  }
  if (Number.isFinite(high) && high - low <= 1e-12 * high) return high;
  throw new InfeasibleTarget(`target = ${target}: no finite tilt reaches it; it is too close to ${law.essSup}`);
}

function requireReachable(law, target) {
  require(Number.isFinite(target), "target", target, "a finite number");
  if (target > law.essSup) {
    throw new InfeasibleTarget(`target = ${target}: must be at most ${law.essSup}, the supremum of the score`);
  }
  if (target === law.essSup && law.essSupMass === 0) {
    throw new InfeasibleTarget(`target = ${target}: must be below ${law.essSup}, a supremum that carries no mass`);
  }
}
