/** A pool of own scores with its truncation and its tilt: what the last scene shows. */

import { calibrateHard, calibrateTilt } from "../core/solutions.js";
import { boundaryMass, klBetween, tvBetween } from "../core/measures.js";
import { equalEdges, histogramOf } from "../core/histogram.js";
import { PoolLaw } from "../core/pool.js";
import { effectiveSize, topK, weightsOf } from "../core/weights.js";
import { drawCounts } from "../core/counts.js";
import { BINS } from "./model.js";

/** Width of the boundary shell and of the nudge, in standard deviations of the score, as in `dview report`. */
export const MARGIN_SHARE = 0.1;

export class Activations {
  /** @param {string} name of the file or the example; @param {Float64Array} scores finite, one an image */
  constructor(name, scores) {
    this.name = name;
    this.scores = scores;
    this.law = new PoolLaw(scores);
    this.margin = MARGIN_SHARE * Math.sqrt(this.law.tiltedMoments(0).variance);
    this.histogram = histogramOf(this.law, equalEdges(this.law, BINS));
    /** The examples by rising score, ties in the order of the file. */
    this.order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[a] - scores[b] || a - b);
  }

  /** Truncation and tilt for k examples, or for a mean: solutions, measures, effective size, in the form of `compare`. */
  level({ k, target }) {
    const hard = target === null ? topK(this.law, Math.min(k, this.law.n)) : calibrateHard(this.law, target);
    const tilt = calibrateTilt(this.law, hard.mean);
    const mean = target ?? hard.mean;
    const cuts = hard.status !== "inactive" && this.margin > 0;
    const shell = (q) => (cuts ? boundaryMass(q, hard.threshold, this.margin) : null);
    const rises = this.margin > 0 && mean + this.margin <= this.law.essSup;
    const next = rises ? { hard: calibrateHard(this.law, mean + this.margin), tilt: calibrateTilt(this.law, mean + this.margin) } : null;
    return {
      hard,
      tilt,
      mean,
      gap: klBetween(hard, tilt),
      boundary: { hard: shell(hard), tilt: shell(tilt) },
      step: { hard: next && tvBetween(hard, next.hard), tilt: next && tvBetween(tilt, next.tilt) },
      kept: Math.max(1, Math.round(hard.kept * this.law.n)),
      effective: { hard: effectiveSize(this.law, hard), tilt: effectiveSize(this.law, tilt) },
      heaviest: { hard: hard.ratio(this.law.essSup) / this.law.n, tilt: tilt.ratio(this.law.essSup) / this.law.n },
    };
  }

  /** The examples with the highest scores, highest first. */
  best(count) {
    return Array.from({ length: Math.min(count, this.law.n) }, (_, i) => this.order[this.law.n - 1 - i]);
  }

  /** Weights of a solution, one an example. */
  weights(solution) {
    return weightsOf(this.scores, solution);
  }

  /** Example -> how often it is among `count` draws of a solution. */
  draws(solution, count) {
    return drawCounts(this.weights(solution), this.order, count, 0.5);
  }
}
