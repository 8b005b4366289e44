/** How far solutions are from p and from each other, and how much of them sits at the edge. */

import { require } from "./errors.js";
import { calibrateHard, calibrateTilt } from "./solutions.js";

/** A limit stands for the truncation at the supremum. */
const plain = (q) => q.limit ?? q;

/**
 * KL(q || r) of two solutions of one law, in nats; Infinity where q has mass outside r.
 *
 * KL(truncation || tilt) at one mean is the interpretability gap, the difference of their KLs to p.
 */
export function klBetween(q, r) {
  [q, r] = [plain(q), plain(r)];
  if (r.kind === "tilt") {
    if (q.kind === "tilt") {
      const step = r.multiplier - q.multiplier;
      return step === 0 ? 0 : Math.max(0, r.logFromTop - q.logFromTop + step * q.gap);
    }
    return Math.max(0, q.kl + r.multiplier * q.gap + r.logFromTop);
  }
  if (q.massBelow(r.threshold) > 0 || (r.tie === 0 && q.atom(r.threshold) > 0)) return Infinity;
  const tied = r.tie < 1 ? q.atom(r.threshold) : 0;
  return Math.max(0, q.kl + r.logKept - (tied > 0 ? tied * Math.log(r.tie) : 0));
}

/** TV(q, r) of two solutions of one law, in [0, 1]: their densities cross at one score. */
export function tvBetween(q, r) {
  [q, r] = [plain(q), plain(r)];
  if (q.kind === "tilt" && r.kind === "tilt") return tvTilts(...(q.multiplier <= r.multiplier ? [q, r] : [r, q]));
  if (q.kind === "hard" && r.kind === "hard") return tvHards(...(q.kept >= r.kept ? [q, r] : [r, q]));
  return q.kind === "hard" ? tvMixed(q, r) : tvMixed(r, q);
}

function tvTilts(low, high) {
  const step = high.multiplier - low.multiplier;
  if (step === 0) return 0;
  const { essInf, essSup } = low.law;
  // Rounding may carry the crossing over the only atom on one side of it.
  const crossing = Math.min(essSup, essSup - (low.logFromTop - high.logFromTop) / step);
  const above = crossing > essInf ? high.survival(crossing) : 1 - high.atom(essInf);
  const before = crossing > essInf ? low.survival(crossing) : 1 - low.atom(essInf);
  if (above < 0.5 || crossing <= essInf) return Math.max(0, above - before);
  return Math.max(0, low.massBelow(crossing) - high.massBelow(crossing));
}

/** Nested truncations: the mass of the larger set that the smaller one drops, ties shared out. */
function tvHards(low, high) {
  const tie = high.tie < 1 ? low.atom(high.threshold) - high.atom(high.threshold) : 0;
  return low.massBelow(high.threshold) + Math.max(0, tie);
}

/** The truncation has the larger density from its threshold to the score where the tilt overtakes it. */
function tvMixed(hard, soft) {
  const start = hard.threshold;
  const { essSup } = hard.law;
  const crossing = soft.multiplier > 0 ? essSup - (hard.logKept - soft.logFromTop) / soft.multiplier : Infinity;
  const tie = Math.max(0, hard.atom(start) - soft.atom(start));
  if (crossing <= start) return tie;
  return Math.min(1, Math.max(0, hard.massBetween(start, crossing, true) - soft.massBetween(start, crossing, true)) + tie);
}

/** M_delta(q; t) = q(t <= psi < t + delta)/q(psi >= t): the share of what lies above t that sits in the shell. */
export function boundaryMass(q, threshold, margin) {
  require(Number.isFinite(margin) && margin > 0, "margin", margin, "finite and > 0 (score units)");
  const all = q.survival(threshold);
  require(all > 0, "threshold", threshold, "a score with mass at or above it");
  return Math.min(1, q.massBetween(threshold, threshold + margin) / all);
}

/**
 * Truncation and tilt at one mean score, side by side.
 *
 * @param {object} law an `AngularLaw` or a `PoolLaw`
 * @param {number} target E_q[psi] of both (score units)
 * @param {number} margin width of the shell
 * @param {number} step of the target, > 0: the nudge
 * @returns {object} `hard`, `tilt`; `gap` = KL(hard || tilt); `tv` between them; `boundary.hard`, `boundary.tilt` in the
 *     shell above the hard threshold (null if nothing is cut); `next.hard`, `next.tilt`, `step.hard`, `step.tilt`: the
 *     solutions after the nudge and the total variation that it makes (all null if the nudge leaves what is possible)
 * @throws {InfeasibleTarget} if the target is out of reach
 */
export function compare(law, target, margin, step) {
  require(Number.isFinite(step) && step > 0, "step", step, "finite and > 0 (score units)");
  const [hard, tilt] = [calibrateHard(law, target), calibrateTilt(law, target)];
  const shell = (q) => (hard.status === "inactive" ? null : boundaryMass(q, hard.threshold, margin));
  const further = target + step < law.essSup || (target + step === law.essSup && law.essSupMass > 0);
  const next = further
    ? { hard: calibrateHard(law, target + step), tilt: calibrateTilt(law, target + step) }
    : { hard: null, tilt: null };
  return {
    hard,
    tilt,
    gap: klBetween(hard, tilt),
    tv: tvBetween(hard, tilt),
    boundary: { hard: shell(hard), tilt: shell(tilt) },
    next,
    step: further
      ? { hard: tvBetween(hard, next.hard), tilt: tvBetween(tilt, next.tilt) }
      : { hard: null, tilt: null },
  };
}
