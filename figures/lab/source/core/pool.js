/**
 * The law of a finite pool of scores: own activations, or the points that the page shows. Ties are atoms.
 *
 * It answers the same questions as `AngularLaw`, so that solutions and measures serve both. Tail sums are taken from the
 * top and of positive terms, so that a rare tail keeps its digits whatever the scores are shifted by.
 */

import { LabError, require } from "./errors.js";
import { firstAt, sumsFromEnd } from "./sums.js";

const BLOCK = 8192; // sums within blocks, then of blocks: no long running sum
const NO_SHARE = 745; // nats below the top: no mass in double precision

/** P(Y = v) is the share of the scores that equal v. */
export class PoolLaw {
  /**
   * @param {ArrayLike<number>} scores finite, at least one, in any order
   * @throws {LabError} for no score, one that is not finite, or a range that is no score's unit
   */
  constructor(scores) {
    require(scores.length > 0, "number of scores", scores.length, "at least 1");
    const sorted = Float64Array.from(scores);
    const bad = sorted.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new LabError(`score ${bad + 1} = ${sorted[bad]}: must be a finite number`);
    sorted.sort();
    const width = sorted[sorted.length - 1] - sorted[0];
    require(width === 0 || (width >= 1e-150 && width <= 1e150), "range of the scores", width, "0 or in [1e-150, 1e150]");
    /** Number of scores. */
    this.n = sorted.length;
    const { values, counts } = merged(sorted);
    this._set(values, counts, (i) => counts[i] / this.n);
  }

  _set(values, counts, massAt) {
    this.kind = "pool";
    /** Distinct scores, ascending, how many points have each, and their masses. */
    this.values = values;
    this.counts = counts;
    this.masses = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) this.masses[i] = massAt(i);
    this.essInf = values[0];
    this.essSup = values[values.length - 1];
    this.essSupMass = this.masses[values.length - 1];
    this._tails = null;
  }

  /** P(Y >= v_i) and E[(Y - v_i)^+] for every distinct score; zeros behind the last. */
  get tails() {
    if (!this._tails) {
      const mass = sumsFromEnd(this.masses);
      const steps = this.values.map((v, i) => (i + 1 < this.values.length ? (this.values[i + 1] - v) * mass[i + 1] : 0));
      this._tails = { mass, excess: sumsFromEnd(steps) };
    }
    return this._tails;
  }

  /** E[Y]. */
  get mean() {
    return this.values[0] + this.tails.excess[0] / this.tails.mass[0];
  }

  /** P(Y >= level). */
  survival(level) {
    return Math.min(1, this.tails.mass[firstAt(this.values, level)]);
  }

  /** P(Y > level). */
  survivalAbove(level) {
    return Math.min(1, this.tails.mass[firstAt(this.values, level, true)]);
  }

  /** P(Y = level). */
  atom(level) {
    const i = firstAt(this.values, level);
    return this.values[i] === level ? this.masses[i] : 0;
  }

  /** P(Y < level). */
  massBelow(level) {
    return this.massBetween(-Infinity, level);
  }

  /** P(low <= Y < high), or low < Y if `open`, summed without cancellation. */
  massBetween(low, high, open = false) {
    const [first, last] = [firstAt(this.values, low, open), firstAt(this.values, high)];
    let total = 0;
    for (let start = first; start < last; start += BLOCK) {
      let part = 0;
      for (let i = start, end = Math.min(start + BLOCK, last); i < end; i++) part += this.masses[i];
      total += part;
    }
    return Math.min(1, total);
  }

  /** E[(Y - level)^+]. */
  excess(level) {
    const i = firstAt(this.values, level);
    if (i === this.values.length) return 0;
    return this.tails.excess[i] + (this.values[i] - level) * this.tails.mass[i];
  }

  /** E[top - Y | Y >= level]. */
  gapAbove(level) {
    const i = firstAt(this.values, level);
    require(i < this.values.length, "threshold", level, `at most ${this.essSup}, the largest score`);
    return Math.max(0, this.essSup - this.values[i] - this.tails.excess[i] / this.tails.mass[i]);
  }

  /** E[Y | Y >= level]. */
  tailMean(level) {
    const i = firstAt(this.values, level);
    return Math.min(this.essSup, this.values[i] + this.tails.excess[i] / this.tails.mass[i]);
  }

  /** The largest score whose tail mean is at most the target. */
  tailThreshold(target) {
    let [low, high] = [0, this.values.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.tailMean(this.values[middle]) <= target) low = middle + 1;
      else high = middle;
    }
    return this.values[Math.max(0, low - 1)];
  }

  /** Weights exp(-beta (top - v)) m of the scores, from the first with any, and their sum. */
  _tiltedWeights(beta) {
    const { values, masses } = this;
    const top = this.essSup;
    const first = beta > 0 ? firstAt(values, top - NO_SHARE / beta) : 0;
    this._scratch ??= new Float64Array(values.length);
    let total = 0;
    for (let start = first; start < values.length; start += BLOCK) {
      let part = 0;
      for (let i = start, end = Math.min(start + BLOCK, values.length); i < end; i++) {
        part += this._scratch[i] = masses[i] * Math.exp(-beta * (top - values[i]));
      }
      total += part;
    }
    return { first, total, weights: this._scratch };
  }

  /** log E[exp(-beta (top - Y))] = A(beta) - beta top, in nats. */
  logPartitionFromTop(beta) {
    return Math.log(this._tiltedWeights(beta).total);
  }

  /** E[top - Y] and Var(Y) under the tilt by beta. */
  tiltedMoments(beta) {
    const { first, total, weights } = this._tiltedWeights(beta);
    const moment = (power, origin) => {
      let sum = 0;
      for (let start = first; start < weights.length; start += BLOCK) {
        let part = 0;
        for (let i = start, end = Math.min(start + BLOCK, weights.length); i < end; i++) {
          const offset = this.essSup - this.values[i] - origin;
          part += weights[i] * (power === 1 ? offset : offset * offset);
        }
        sum += part;
      }
      return sum / total;
    };
    const gap = moment(1, 0);
    return { gap, variance: moment(2, gap) };
  }

  /** The law of the score under the tilt by beta >= 0. */
  tilt(beta) {
    const { first, total, weights } = this._tiltedWeights(beta);
    const tilted = Object.create(PoolLaw.prototype);
    tilted.n = this.n;
    tilted._set(this.values, this.counts, (i) => (i >= first ? weights[i] / total : 0));
    return tilted;
  }
}

/** Distinct values of a sorted array and how often each occurs. */
function merged(sorted) {
  let k = 0;
  const values = new Float64Array(sorted.length);
  const counts = new Uint32Array(sorted.length);
  for (const value of sorted) {
    if (k === 0 || value !== values[k - 1]) values[k++] = value + 0; // + 0: no negative zero
    counts[k - 1]++;
  }
  return { values: values.slice(0, k), counts: counts.slice(0, k) };
}
