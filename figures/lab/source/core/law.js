/**
 * The exact law of the angular score of a Gaussian mixture.
 *
 * psi is a function of the deviation d in [0, pi] from the cut, whose density is that of the polar angle on both sides of
 * it: each mode's is a projected normal in closed form. Panels of Gauss-Legendre nodes carry the mass; a level cuts its
 * panel at its own deviation, where the closed form is evaluated again, so that no mass is as coarse as the panels.
 * Scores are measured from the supremum, u = top - psi = 2 scale cos^2(d/2): no tilt, however large, cancels there.
 */

import { require } from "./errors.js";
import { projectedBracket } from "./normal.js";
import { ORDER, RULE } from "./quadrature.js";

const PANELS = 48;
const HALVINGS = 8;
const DEVIATIONS_A_PANEL = 1.5;

/** The edges of the panels: equal ones, finer for far modes; the last is halved towards pi, where large tilts live. */
function panelEdges(world) {
  const farthest = Math.max(...world.modes.map(([x, y]) => Math.hypot(x, y))) / world.sigma;
  const count = Math.max(PANELS, Math.ceil((Math.PI * farthest) / DEVIATIONS_A_PANEL));
  const edges = Array.from({ length: count }, (_, i) => (Math.PI * i) / count);
  for (let k = 1; k <= HALVINGS; k++) edges.push(Math.PI - Math.PI / count / 2 ** k);
  return Float64Array.from([...edges, Math.PI]);
}

/** The density of the deviation d, per radian, in closed form. */
function deviationDensity(world) {
  const modes = world.modes.map(([x, y], k) => [x / world.sigma, y / world.sigma, world.weights[k] / (2 * Math.PI)]);
  return (d) => {
    let sum = 0;
    for (const angle of [world.direction + d, world.direction - d]) {
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      for (const [x, y, weight] of modes) {
        const miss = c * y - s * x;
        sum += weight * Math.exp(-0.5 * miss * miss) * projectedBracket(c * x + s * y);
      }
    }
    return sum;
  };
}

/** The law of a world's score, and its tilts: `tilt(beta)` is the law under p exp(beta psi)/Z. */
export class AngularLaw {
  /** @param {object} world from `makeWorld` */
  constructor(world) {
    this.kind = "angular";
    this.world = world;
    this.essInf = 0;
    this.essSup = world.top;
    this.essSupMass = 0;
    this.multiplier = 0;
    this._density = deviationDensity(world);
    this._edges = panelEdges(world);
    const panels = this._edges.length - 1;
    this._below = new Float64Array(panels * ORDER);
    this._base = new Float64Array(panels * ORDER);
    this._eachNode(0, panels, (i, d, weight) => {
      this._below[i] = this._gap(d);
      this._base[i] = weight * this._density(d);
    });
    this._settle(this._base);
  }

  /** Call visit(index, deviation, weight) at the nodes of the panels from first to last. */
  _eachNode(first, last, visit) {
    for (let p = first; p < last; p++) {
      const half = 0.5 * (this._edges[p + 1] - this._edges[p]);
      const middle = 0.5 * (this._edges[p + 1] + this._edges[p]);
      for (let j = 0; j < ORDER; j++) visit(p * ORDER + j, middle + half * RULE.nodes[j], half * RULE.weights[j]);
    }
  }

  /** u = top - psi at a deviation. */
  _gap(d) {
    return this.world.top * Math.cos(0.5 * d) ** 2;
  }

  /** The deviation at which the score is `level`, exact near both ends. */
  _deviation(level) {
    const gap = (this.world.top - level) / this.world.top;
    if (gap <= 0) return Math.PI;
    if (level <= 0) return 0;
    return gap < 0.5 ? Math.PI - 2 * Math.asin(Math.sqrt(gap)) : 2 * Math.asin(Math.sqrt(level / this.world.top));
  }

  /** Take these masses at the nodes, scaled to 1, and cumulate them from both ends. */
  _settle(raw) {
    const panels = this._edges.length - 1;
    const mass = new Float64Array(panels);
    const gap = new Float64Array(panels);
    for (let i = 0; i < raw.length; i++) {
      mass[(i / ORDER) | 0] += raw[i];
      gap[(i / ORDER) | 0] += raw[i] * this._below[i];
    }
    this._total = mass.reduce((sum, m) => sum + m, 0);
    this._weight = raw.map((w) => w / this._total);
    this._massAbove = new Float64Array(panels + 1);
    this._gapAbove = new Float64Array(panels + 1);
    this._massBelow = new Float64Array(panels + 1);
    for (let p = panels - 1; p >= 0; p--) {
      this._massAbove[p] = this._massAbove[p + 1] + mass[p] / this._total;
      this._gapAbove[p] = this._gapAbove[p + 1] + gap[p] / this._total;
    }
    for (let p = 0; p < panels; p++) this._massBelow[p + 1] = this._massBelow[p] + mass[p] / this._total;
    this.mean = this.essSup - this._gapAbove[0];
  }

  /** The density of the deviation under this law. */
  _at(d) {
    return (this._density(d) * Math.exp(-this.multiplier * this._gap(d))) / this._total;
  }

  /** Mass and E[(top - Y) 1] between two deviations inside one panel. */
  _piece(from, to) {
    const half = 0.5 * (to - from);
    let [mass, gap] = [0, 0];
    for (let j = 0; j < ORDER; j++) {
      const d = 0.5 * (from + to) + half * RULE.nodes[j];
      const w = half * RULE.weights[j] * this._at(d);
      mass += w;
      gap += w * this._gap(d);
    }
    return { mass, gap };
  }

  /** The panel that holds a deviation. */
  _panel(d) {
    let [low, high] = [0, this._edges.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this._edges[middle] <= d) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Mass and E[(top - Y) 1] above a deviation. */
  _above(d) {
    const p = this._panel(d);
    const part = this._piece(d, this._edges[p + 1]);
    return { mass: this._massAbove[p + 1] + part.mass, gap: this._gapAbove[p + 1] + part.gap };
  }

  /** Mass between two deviations, without cancellation. */
  _between(from, to) {
    if (!(from < to)) return 0;
    const [p, q] = [this._panel(from), this._panel(to)];
    if (p === q) return this._piece(from, to).mass;
    let mass = this._piece(from, this._edges[p + 1]).mass + this._piece(this._edges[q], to).mass;
    for (let i = (p + 1) * ORDER; i < q * ORDER; i++) mass += this._weight[i];
    return mass;
  }

  /** P(Y >= level). */
  survival(level) {
    return level <= 0 ? 1 : level >= this.essSup ? 0 : Math.min(1, this._above(this._deviation(level)).mass);
  }

  /** P(Y > level): the same, as there are no atoms. */
  survivalAbove(level) {
    return this.survival(level);
  }

  /** P(Y = level) = 0. */
  atom() {
    return 0;
  }

  /** P(Y < level). */
  massBelow(level) {
    return this.massBetween(-Infinity, level);
  }

  /** P(low <= Y < high), or low < Y, without the cancellation of a difference of survivals. */
  massBetween(low, high) {
    return Math.min(1, this._between(this._deviation(low), this._deviation(high)));
  }

  /** E[(Y - level)^+]. */
  excess(level) {
    if (level <= 0) return this.mean - level;
    const { mass, gap } = this._above(this._deviation(level));
    return Math.max(0, (this.essSup - level) * mass - gap);
  }

  /** E[top - Y | Y >= level]. */
  gapAbove(level) {
    const { mass, gap } = this._above(this._deviation(level));
    require(mass > 0, "threshold", level, `below ${this.essSup}, the supremum of the score`);
    return gap / mass;
  }

  /** E[Y | Y >= level]. */
  tailMean(level) {
    return level <= 0 ? this.mean : this.essSup - this.gapAbove(level);
  }

  /** The threshold t with E[Y | Y >= t] = target, for mean < target < top: Newton's method in the deviation, kept
   *  inside a bracket. */
  tailThreshold(target) {
    const aim = this.essSup - target;
    const excess = (mass, gap) => aim * mass - gap; // E[(Y - target) 1{above}]
    let p = this._edges.length - 2;
    while (p > 0 && excess(this._massAbove[p], this._gapAbove[p]) > 0) p--;
    let [low, high] = [this._edges[p], this._edges[p + 1]];
    let d = 0.5 * (low + high);
    for (let step = 0; step < 80; step++) {
      const part = this._piece(d, this._edges[p + 1]);
      const value = excess(this._massAbove[p + 1] + part.mass, this._gapAbove[p + 1] + part.gap);
      if (value > 0) high = d;
      else low = d;
      const slope = -(aim - this._gap(d)) * this._at(d);
      let next = d - value / slope;
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      if (Math.abs(next - d) <= 1e-16 * Math.PI || next === low || next === high) break;
      d = next;
    }
    return this.essSup - this._gap(d);
  }

  /** log E[exp(-beta (top - Y))] = A(beta) - beta top, in nats. */
  logPartitionFromTop(beta) {
    let sum = 0;
    for (let i = 0; i < this._weight.length; i++) sum += this._weight[i] * Math.exp(-beta * this._below[i]);
    return Math.log(sum);
  }

  /** E[top - Y] and Var(Y) under the tilt by beta. */
  tiltedMoments(beta) {
    let [total, gap] = [0, 0];
    const weights = this._weight.map((w, i) => w * Math.exp(-beta * this._below[i]));
    for (let i = 0; i < weights.length; i++) {
      total += weights[i];
      gap += weights[i] * this._below[i];
    }
    gap /= total;
    let square = 0;
    for (let i = 0; i < weights.length; i++) square += weights[i] * (this._below[i] - gap) ** 2;
    return { gap, variance: square / total };
  }

  /** The law of the score under the tilt by beta >= 0. */
  tilt(beta) {
    const tilted = Object.create(AngularLaw.prototype);
    Object.assign(tilted, this);
    tilted.multiplier = this.multiplier + beta;
    tilted._settle(this._base.map((w, i) => w * Math.exp(-tilted.multiplier * this._below[i])));
    return tilted;
  }
}
