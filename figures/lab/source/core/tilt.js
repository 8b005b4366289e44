/** The KLSC solution: p tilted by the score, the law closest to p in KL among those with its mean. */

import { require } from "./errors.js";
import { Hard } from "./hard.js";

/**
 * q = p exp(beta psi)/Z for beta >= 0; beta = Infinity is the limit, p conditioned on the supremum of the score.
 *
 * `status` is "inactive" for beta = 0, "limit" for beta = Infinity, else "active".
 */
export class Tilt {
  constructor(law, multiplier) {
    this.kind = "tilt";
    this.law = law;
    this.multiplier = multiplier;
    require(multiplier >= 0, "multiplier", multiplier, ">= 0");
    require(multiplier < Infinity || law.essSupMass > 0, "multiplier", multiplier, "finite: no mass at the supremum");
    this.status = multiplier === 0 ? "inactive" : multiplier === Infinity ? "limit" : "active";
    this.limit = multiplier === Infinity ? new Hard(law, law.essSup) : null;
    /** A(beta) - beta top, in nats. */
    this.logFromTop = this.limit
      ? Math.log(law.essSupMass)
      : multiplier === 0
        ? 0
        : law.logPartitionFromTop(multiplier);
    const moments = this.limit ? { gap: 0, variance: 0 } : law.tiltedMoments(multiplier);
    /** E_q[top - psi] and Var_q(psi). */
    this.gap = moments.gap;
    this.variance = moments.variance;
    this.mean = multiplier === 0 ? law.mean : law.essSup - this.gap;
    /** A(beta), in nats. */
    this.logPartition = this.limit ? Infinity : this.logFromTop + multiplier * law.essSup;
    /** KL(q || p), in nats. */
    this.kl = this.limit ? this.limit.kl : Math.max(0, -multiplier * this.gap - this.logFromTop);
  }

  /** The law of the score under q. */
  get tilted() {
    if (!this._tilted) this._tilted = this.limit ? null : this.law.tilt(this.multiplier);
    return this._tilted;
  }

  /** dq/dp at a score. */
  ratio(score) {
    if (this.limit) return this.limit.ratio(score);
    return Math.exp(-this.multiplier * (this.law.essSup - score) - this.logFromTop);
  }

  /** q(psi = level). */
  atom(level) {
    return this.limit ? this.limit.atom(level) : this.tilted.atom(level);
  }

  /** q(psi < level). */
  massBelow(level) {
    return this.massBetween(-Infinity, level);
  }

  /** q(low <= psi < high); low < psi if `open`. */
  massBetween(low, high, open = false) {
    return (this.limit ?? this.tilted).massBetween(low, high, open);
  }

  /** q(psi >= level). */
  survival(level) {
    return (this.limit ?? this.tilted).survival(level);
  }
}
