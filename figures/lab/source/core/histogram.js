/** Masses of p, of a truncation and of a tilt in the bins of a histogram: exact, for the exact law and for a pool. */

import { RULE } from "./quadrature.js";

const LONGEST = Math.PI / 48; // of the part of a bin, in radians, that one set of nodes serves

/** Equal edges over the range of a law's score; one unit around a score that is constant. */
export function equalEdges(law, bins) {
  const width = (law.essSup - law.essInf) / bins;
  if (width === 0) return Float64Array.from({ length: bins + 1 }, (_, i) => law.essInf - 0.5 + i / bins);
  return Float64Array.from({ length: bins + 1 }, (_, i) => (i === bins ? law.essSup : law.essInf + i * width));
}

/** The histogram of a law over these edges, ascending scores. A bin holds low <= psi < high; the last one its end too. */
export function histogramOf(law, edges) {
  return law.kind === "pool" ? new PoolHistogram(law, edges) : new AngularHistogram(law, edges);
}

/** Bins of an `AngularLaw`; the nodes in each bin are found once and serve every tilt. */
export class AngularHistogram {
  /** @param {AngularLaw} law of p; @param {Float64Array} edges ascending scores */
  constructor(law, edges) {
    this.law = law;
    this.edges = edges;
    this._nodes = [];
    for (let b = 0; b + 1 < edges.length; b++) this._nodes.push(this._inside(edges[b], edges[b + 1]));
    /** Masses of p. */
    this.prior = this.tilt(0, 0);
  }

  /** Gaps to the top and p-masses at the nodes of a bin. */
  _inside(low, high) {
    const { law } = this;
    const [from, to] = [law._deviation(low), law._deviation(high)];
    const parts = Math.max(1, Math.ceil((to - from) / LONGEST));
    const found = { gap: [], mass: [] };
    for (let part = 0; part < parts; part++) {
      const half = (0.5 * (to - from)) / parts;
      RULE.nodes.forEach((node, j) => {
        const d = from + half * (2 * part + 1 + node);
        found.gap.push(law._gap(d));
        found.mass.push(half * RULE.weights[j] * law._at(d));
      });
    }
    return found;
  }

  /** Masses under the tilt with this multiplier; `logFromTop` is that of the `Tilt`. */
  tilt(multiplier, logFromTop) {
    return Float64Array.from(this._nodes, ({ gap, mass }) =>
      mass.reduce((sum, m, i) => sum + m * Math.exp(-multiplier * gap[i] - logFromTop), 0),
    );
  }

  /** Masses under a truncation of the law. */
  hard(hard) {
    return this.prior.map((mass, b) => {
      const [low, high] = [this.edges[b], this.edges[b + 1]];
      if (low >= hard.threshold) return mass / hard.kept;
      return high <= hard.threshold ? 0 : hard.massBetween(hard.threshold, high);
    });
  }
}

/** Bins of a `PoolLaw`: each distinct score knows its bin; scores outside the edges are in none. */
export class PoolHistogram {
  constructor(law, edges) {
    this.law = law;
    this.edges = edges;
    const bins = edges.length - 1;
    this._bin = new Int32Array(law.values.length);
    let bin = 0;
    law.values.forEach((value, i) => {
      while (bin < bins - 1 && value >= edges[bin + 1]) bin++;
      this._bin[i] = value < edges[0] || value > edges[bins] ? -1 : bin;
    });
    /** Masses of the pool. */
    this.prior = this._sum(() => 1);
  }

  _sum(ratio) {
    const found = new Float64Array(this.edges.length - 1);
    const { values, masses } = this.law;
    for (let i = 0; i < values.length; i++) if (this._bin[i] >= 0) found[this._bin[i]] += masses[i] * ratio(values[i]);
    return found;
  }

  /** Masses under the tilt with this multiplier; `logFromTop` is that of the `Tilt`. */
  tilt(multiplier, logFromTop) {
    const top = this.law.essSup;
    if (multiplier === Infinity) return this._sum((value) => (value === top ? Math.exp(-logFromTop) : 0));
    return this._sum((value) => Math.exp(-multiplier * (top - value) - logFromTop));
  }

  /** Masses under a truncation of the pool. */
  hard(hard) {
    return this._sum((value) => hard.ratio(value));
  }
}
