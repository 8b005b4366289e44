/** The stage of own activations: a file or the example, k or a mean, and what both explanations would show. */

import { LabError } from "../core/errors.js";
import { exampleScores } from "../core/example.js";
import { weightsText } from "../core/files.js";
import { random } from "../core/random.js";
import { Activations } from "./activations.js";
import { element, set, write } from "./dom.js";
import { npyBytes, save } from "./download.js";
import { Dropzone } from "./dropzone.js";
import { fixed, short, whole } from "./format.js";
import { HistogramFigure } from "./histogram.js";
import { Numbers } from "./numbers.js";
import { Plane } from "./plane.js";
import { along, discs, layer, upright } from "./strips.js";

const SHOWN = 9;
const DRAWS = 1_000;
const HEIGHTS = Float64Array.from({ length: 4_093 }, random(5));

let example = null;
/** The example, made once. */
export const exampleActivations = () => (example ??= new Activations("the example", exampleScores()));

/** A learner's file outlives a change of the scene. */
let loaded = null;

export class OwnStage {
  constructor(scene, lab) {
    this.lab = lab;
    this.scene = scene;
    this.drop = new Dropzone({ take: (name, scores) => this._take(name, scores), example: () => this._take(null, null) });
    this.k = element("input", { type: "number", id: "k", min: 1, step: 1, oninput: () => this._asked({ k: this.k, target: null }) });
    this.target = element("input", { type: "number", id: "target", step: "any", oninput: () => this._asked({ target: this.target }) });
    this.box = element("div", { class: "control", "data-control": "k" }, element("label", { for: "k" }, "k"), this.k, element("label", { for: "target" }, "or mean"), this.target);
    this.csv = element("button", { type: "button", "data-action": "csv", onclick: () => this._csv() }, "Weights .csv");
    this.npy = element("button", { type: "button", "data-action": "npy", onclick: () => this._npy() }, "Weights .npy");
    const controls = element("div", { class: "controls", "data-part": "controls" }, this.drop.node, this.box, this.csv, this.npy);
    this.planes = { pool: new Plane({ kind: "pool", title: "All scores" }), topk: new Plane({ kind: "truncation", title: "Truncation" }), tilt: new Plane({ kind: "tilt", title: "Tilt" }) };
    this.histogram = new HistogramFigure();
    this.numbers = new Numbers(scene);
    this.ranks = element("p", { class: "ranks", "data-part": "ranks" });
    this.advice = element("p", { class: "below", "data-part": "advice" });
    this.panels = [lab.hidden("controls") ? null : controls, element("div", { class: "planes" }, Object.values(this.planes).map(({ node }) => node))];
    this.evidence = [lab.hidden("histogram") ? null : this.histogram.node, lab.hidden("numbers") ? null : element("div", {}, this.numbers.node, this.advice, this.ranks)];
  }

  update(view) {
    this.view = view;
    const own = loaded ?? exampleActivations();
    const { state } = view;
    const open = view.revealed || loaded !== null;
    const key = `${own.name} ${state.k} ${state.target}`;
    if (key !== this.key || own !== this.own) {
      this.key = key;
      this.own = own;
      this.drawn = null;
      try {
        this.level = own.level({ k: state.k, target: state.target ?? null });
        this.drop.say(`${own === example ? "The example: scores with the law Gamma(½)" : own.name}, ${whole(own.law.n)} of them, mean ${short(own.law.mean)}, largest ${short(own.law.essSup)}.`);
      } catch (error) {
        if (!(error instanceof LabError)) throw error;
        this.drop.say(error.message, true);
        return;
      }
    }
    if (!this.level) return;
    set(this.k, "max", own.law.n);
    if (document.activeElement !== this.k) this.k.value = this.level.kept;
    if (document.activeElement !== this.target) this.target.value = Number(this.level.mean.toPrecision(6));
    this._pictures(open);
    this._numbers(open);
  }

  want(wanted) {
    this.box.classList.toggle("wanted", wanted === "k");
  }

  _pictures(open) {
    const { own, level } = this;
    const { law, scores, order } = own;
    const place = along(law.essInf, law.essSup);
    for (const plane of Object.values(this.planes)) plane.place = place;
    const all = layer(scores, HEIGHTS, order, "prior");
    const pale = { ...all, colour: "ghost" };
    const kept = level.hard.status === "inactive" ? order : order.subarray(law.n - level.kept);
    this.planes.pool.update({ layers: [all], caption: "the score to the right, the height is random" });
    this.planes.topk.update({
      layers: [pale, layer(scores, HEIGHTS, kept, "truncation")],
      lines: Number.isFinite(level.hard.threshold) ? [upright(level.hard.threshold, place, { stroke: "var(--truncation)", "stroke-width": 0.07 })] : [],
      caption: `keeps ${whole(level.kept)} examples, ψ ≥ ${short(level.hard.threshold)}`,
    });
    if (!open) return this.planes.tilt.update({ layers: [pale], caption: "shown after your answer" });
    this.drawn ??= own.draws(level.tilt, DRAWS);
    return this.planes.tilt.update({
      layers: [pale, layer(scores, HEIGHTS, [...this.drawn.keys()], "tilt")],
      lines: discs(scores, HEIGHTS, this.drawn, place, "tilt"),
      caption: `${whole(DRAWS)} draws by exp(${fixed(level.tilt.multiplier, 3)}\u2009ψ) fall on ${whole(this.drawn.size)} examples; area: how often`,
    });
  }

  _numbers(open) {
    const { own, level, view } = this;
    const { hard, tilt } = level;
    const active = hard.status !== "inactive";
    const { histogram } = own;
    this.histogram.update({
      edges: histogram.edges,
      prior: histogram.prior,
      hard: active ? histogram.hard(hard) : histogram.prior,
      tilt: open ? histogram.tilt(tilt.multiplier, tilt.logFromTop) : null,
      threshold: hard.threshold,
      mean: level.mean,
    });
    this.numbers.update({ ...view, level, revealed: open });
    const name = (i) => `#${i} (${short(own.scores[i])})`;
    const draws = open ? [...this.drawn].sort((a, b) => b[1] - a[1] || own.scores[b[0]] - own.scores[a[0]]).slice(0, SHOWN) : [];
    const top = `Top-k shows ${own.best(SHOWN).map(name).join(", ")}${level.kept > SHOWN ? " …" : ""}`;
    this.ranks.replaceChildren(top, ...(open ? [element("br"), `Of 1000 draws of the tilt: ${draws.map(([i, count]) => `${name(i)} ×${count}`).join(", ")} …`] : []));
    write(this.advice, open ? advice(level) : "");
  }

  _take(name, scores) {
    this.lab.busy(true);
    this.drop.say("Sorting the scores…");
    setTimeout(() => {
      try {
        loaded = scores === null ? null : new Activations(name, scores);
        this.own = null;
        this.lab.change({ target: null, k: Math.min(this.lab.state().k, loaded ? loaded.law.n : Infinity) }, "k", true);
      } catch (error) {
        if (!(error instanceof LabError)) throw error;
        this.drop.say(error.message, true);
      } finally {
        this.lab.busy(false);
      }
    }, 20);
  }

  /** Takes k or a mean from its field; what it cannot be is a sentence. */
  _asked({ k, target }) {
    const own = loaded ?? exampleActivations();
    if (k) {
      const value = Number(k.value);
      if (!Number.isInteger(value) || value < 1 || value > own.law.n) return this.drop.say(`k = ${k.value || "nothing"}: must be a whole number from 1 to ${whole(own.law.n)}, the number of scores.`, true);
      return this.lab.change({ k: value, target: null }, "k");
    }
    const value = Number(target.value);
    if (target.value === "" || !(value <= own.law.essSup)) return this.drop.say(`mean = ${target.value || "nothing"}: must be a number up to ${short(own.law.essSup)}, the largest score.`, true);
    return this.lab.change({ target: value }, "k");
  }

  _csv() {
    const { own, level } = this;
    save("weights.csv", weightsText(own.scores, own.weights(level.hard), own.weights(level.tilt)), "text/csv");
  }

  _npy() {
    save("weights.npy", npyBytes(this.own.weights(this.level.tilt)), "application/octet-stream");
  }
}

/** What to do where few examples carry the tilt. */
function advice({ effective, tilt }) {
  if (tilt.status === "inactive") return "All scores have this mean: both show everything.";
  const size = whole(effective.tilt);
  if (effective.tilt >= 100) return `The tilt rests on ${size} examples: enough to draw from.`;
  return `The tilt rests on ${size} examples, few to draw from. Ask for a lower mean (a larger k), take a larger pool, or sample the tilt with a generator.`;
}
