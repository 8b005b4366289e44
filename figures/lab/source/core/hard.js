/** The hard solution: the law of p cut at a threshold, with a tie at the threshold kept in part if need be. */

import { require } from "./errors.js";

/**
 * q = p 1{psi >= t}/p(psi >= t). Keeps all of {psi > t} and the share `tie` of {psi = t}.
 *
 * `law` answers the questions of `AngularLaw` or `PoolLaw`; `status` is "inactive" where q = p, "limit" where q sits on
 * the supremum, else "active".
 */
export class Hard {
  constructor(law, threshold, tie = 1) {
    this.kind = "hard";
    this.law = law;
    this.threshold = threshold;
    this.tie = tie;
    this.droppedTie = tie < 1 ? (1 - tie) * law.atom(threshold) : 0;
    const whole = threshold <= law.essInf && this.droppedTie === 0;
    this.status = whole ? "inactive" : threshold === law.essSup ? "limit" : "active";
    this.kept = this.droppedTie > 0 ? law.survivalAbove(threshold) + tie * law.atom(threshold) : law.survival(threshold);
    require(this.kept > 0, "threshold", threshold, `a score with mass at or above it, at most ${law.essSup}`);
    const dropped = law.massBelow(threshold) + this.droppedTie;
    /** log of the kept mass, in nats; from what is dropped where that is the smaller one. */
    this.logKept = whole ? 0 : this.kept > 0.5 ? Math.log1p(-dropped) : Math.log(this.kept);
    /** E_q[top - psi]. */
    this.gap = this._gap();
    /** E_q[psi]. */
    this.mean = whole ? law.mean : law.essSup - this.gap;
    const tied = this.droppedTie > 0 ? (tie * law.atom(threshold)) / this.kept : 0;
    /** KL(q || p), in nats. */
    this.kl = Math.max(0, -this.logKept + (tied > 0 ? tied * Math.log(tie) : 0));
  }

  _gap() {
    const { law, threshold } = this;
    if (this.status === "inactive") return law.essSup - law.mean;
    if (this.droppedTie === 0) return law.gapAbove(threshold);
    return law.essSup - threshold - law.excess(threshold) / this.kept; // the tie adds nothing to the excess over t
  }

  /** dq/dp at a score. */
  ratio(score) {
    return score > this.threshold ? Math.exp(-this.logKept) : score === this.threshold ? this.tie / this.kept : 0;
  }

  /** q(psi = level). */
  atom(level) {
    const share = level > this.threshold ? 1 : level === this.threshold ? this.tie : 0;
    return share > 0 ? (share * this.law.atom(level)) / this.kept : 0;
  }

  /** q(psi < level). */
  massBelow(level) {
    return this.massBetween(-Infinity, level);
  }

  /** q(low <= psi < high); low < psi if `open`. */
  massBetween(low, high, open = false) {
    if (!(high > this.threshold)) return 0;
    if (low > this.threshold) return this.law.massBetween(low, high, open) / this.kept;
    const tied = low === this.threshold && open ? 0 : this.atom(this.threshold);
    return Math.min(1, this.law.massBetween(this.threshold, high, true) / this.kept + tied);
  }

  /** q(psi >= level). */
  survival(level) {
    return level <= this.threshold ? 1 : this.law.survival(level) / this.kept;
  }
}
