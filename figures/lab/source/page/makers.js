/** The stage of the methods: EnergyDPS, retrieval and optimisation side by side, step by step. */

import { Controls } from "./controls.js";
import { element, set, write } from "./dom.js";
import { fixed, nats, score, whole } from "./format.js";
import { Handles } from "./handles.js";
import { HistogramFigure } from "./histogram.js";
import { Plane } from "./plane.js";
import { Player } from "./player.js";
import { ITERATIONS } from "../core/ascent.js";
import { RUNS, Runs, STEPS, chosen } from "./runs.js";
import { ground } from "./pictures.js";

const METHODS = { dps: "EnergyDPS", retrieval: "Retrieval", ascent: "Optimisation" };
const COLOURS = { dps: "tilt", retrieval: "truncation", ascent: "word" };

export class MakersStage {
  constructor(scene, lab) {
    this.lab = lab;
    this.scene = scene;
    this.runs = new Runs();
    this.found = {};
    this.controls = new Controls(scene, lab);
    this.player = new Player(() => {
      lab.touched("play");
      this._pictures();
    });
    this.controls.node.append(this.player.node);
    this.planes = Object.fromEntries(Object.entries(METHODS).map(([name, title]) => [name, new Plane({ kind: name, title })]));
    this.histogram = new HistogramFigure();
    this.table = new MethodsTable();
    this.panels = [lab.hidden("controls") ? null : this.controls.node, element("div", { class: "planes" }, Object.values(this.planes).map(({ node }) => node))];
    this.evidence = [lab.hidden("histogram") ? null : this.histogram.node, lab.hidden("numbers") ? null : this.table.node];
    this.wanted = null;
  }

  update(view) {
    this.view = view;
    this.controls.update(view);
    const use = view.revealed ? "move" : "show";
    if (this.handles?.use !== use) this.handles = new Handles(this.planes.dps.handles, use, { move: this.lab.moved });
    this.handles.update(view);
    const wanted = JSON.stringify([view.state.modes, view.state.mean, view.state.seed]);
    if (wanted !== this.wanted) {
      this.wanted = wanted;
      this._stale();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this._run(), view.moving ? 250 : 60);
    }
    const { hard, tilt } = view.level;
    const masses = view.setting.histogram;
    this.histogram.update({
      edges: masses.edges,
      prior: masses.prior,
      hard: hard.status === "inactive" ? masses.prior : masses.hard(hard),
      tilt: masses.tilt(tilt.multiplier, tilt.logFromTop),
      threshold: hard.threshold,
      mean: view.state.mean,
    });
    this.table.update(this.found, view.revealed, this.stale);
    this._pictures();
  }

  stop() {
    clearTimeout(this.timer);
    this.player.pause();
    this.runs.stop();
    this.lab.busy(false);
  }

  want(wanted) {
    this.controls.want(wanted);
    this.player.node.classList.toggle("wanted", wanted === "play");
  }

  _stale() {
    this.stale = true;
    this.lab.busy(true);
    this.runs.stop();
  }

  async _run() {
    const done = await this.runs.start(this.view, (part) => {
      this.found = { ...this.found, ...part };
      this._pictures();
    });
    if (!done) return;
    this.stale = false;
    this.lab.busy(false);
    this.lab.draw();
  }

  _pictures() {
    const { view, found } = this;
    if (!view) return;
    for (const [name, plane] of Object.entries(this.planes)) {
      const method = found[name];
      const below = ground(view);
      if (!method || method.failed) plane.update({ layers: [below], caption: method?.failed ?? "calibrating…" });
      else plane.update(content[name](method, this.player.step, view, below));
      set(plane.node, "data-stale", this.stale);
    }
  }
}

const content = {
  dps(method, step, view, below) {
    const caption = `step ${step} of ${STEPS}, strength ${fixed(method.knob, 3)}; ends with mean ${score(method.mean)}`;
    return { layers: [below, { ...method.at(step), colour: COLOURS.dps }], caption };
  },
  retrieval(method, step, { points, state }, below) {
    const { seen, kept } = method.at(step);
    const looked = `${whole(seen)} of ${whole(points.n)} images seen`;
    if (!kept) return { layers: [below], caption: `${looked}: none scores ${score(state.mean)}` };
    const few = kept.indices.filter((_, i) => i % Math.ceil(kept.indices.length / (2 * RUNS)) === 0);
    return { layers: [below, { ...chosen(points, few), colour: COLOURS.retrieval }], caption: `${looked}, ${whole(kept.indices.length)} kept; mean ${score(kept.mean)}` };
  },
  ascent(method, step, view, below) {
    const { iteration, x, y } = method.at(step);
    const caption = `iteration ${iteration} of ${ITERATIONS}, λ = ${fixed(method.knob, 2)}; ends with mean ${score(method.mean)}`;
    return { layers: [below, { x, y, colour: COLOURS.ascent }], caption };
  },
};

/** How far each method's pictures are from the exact tilt. */
class MethodsTable {
  constructor() {
    const rows = { dps: "EnergyDPS", retrieval: "retrieval", ascent: "optimisation", floor: "as many exact draws" };
    this.cells = Object.fromEntries(Object.keys(rows).map((name) => [name, element("td")]));
    this.note = element("p", { class: "below soft" });
    this.node = element(
      "div",
      {},
      element(
        "table",
        { class: "numbers single" },
        element("caption", {}, "Distance to the exact tilt (total variation, smoothed)"),
        element("tbody", {}, Object.entries(rows).map(([name, text]) => element("tr", {}, element("th", { scope: "row" }, text), this.cells[name]))),
      ),
      this.note,
    );
  }

  update({ tv }, revealed, stale) {
    for (const [name, cell] of Object.entries(this.cells)) {
      const open = revealed && tv;
      write(cell, !revealed ? "?" : open ? nats(tv[name]) : "…");
      set(cell, "class", open ? COLOURS[name] ?? "floor" : "unknown");
      set(cell, "aria-label", revealed ? null : "hidden until you answer");
      cell.style.setProperty("--share", open ? tv[name].toFixed(3) : 0);
    }
    write(this.note, !revealed ? "Answer the question to see the numbers." : stale ? "running the methods again…" : `${whole(RUNS)} points of each method; retrieval keeps what its pool gives.`);
  }
}
