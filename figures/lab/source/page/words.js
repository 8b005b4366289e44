/** The stage of the prompts: choose a mode as a word, see what it draws and what its KL consists of. */

import { AngularLaw } from "../core/law.js";
import { promptOf, splitPrompt } from "../core/prompts.js";
import { makeWorld } from "../core/world.js";
import { Controls } from "./controls.js";
import { element } from "./dom.js";
import { score } from "./format.js";
import { Handles } from "./handles.js";
import { HistogramFigure } from "./histogram.js";
import { histogramOf } from "../core/histogram.js";
import { PartsFigure } from "./parts.js";
import { PICTURES, ground } from "./pictures.js";
import { Plane } from "./plane.js";

const known = new WeakMap();

/** What is known of a setting's words: prompt and histogram, found once for each. */
export function wordOf(setting, index) {
  if (!known.has(setting)) known.set(setting, []);
  const words = known.get(setting);
  words[index] ??= { prompt: promptOf(setting.world, index), masses: massesOf(setting, index) };
  return words[index];
}

function massesOf({ world, histogram }, index) {
  const alone = makeWorld({ ...world, modes: [world.modes[index]], weights: [1] });
  return histogramOf(new AngularLaw(alone), histogram.edges).prior;
}

export class WordsStage {
  constructor(scene, lab) {
    this.controls = new Controls(scene, lab);
    this.prior = new Plane({ kind: "prior", ...PICTURES.prior });
    this.word = new Plane({ kind: "word", title: "The word" });
    this.tilt = new Plane({ kind: "tilt", ...PICTURES.tilt });
    this.handles = new Handles(this.prior.handles, "choose", { choose: (word) => lab.change({ word }, "words") });
    this.histogram = new HistogramFigure({ name: "the word", class: "word" });
    this.parts = new PartsFigure();
    this.panels = [lab.hidden("controls") ? null : this.controls.node, element("div", { class: "planes" }, this.prior.node, this.word.node, this.tilt.node)];
    this.evidence = [lab.hidden("histogram") ? null : this.histogram.node, lab.hidden("numbers") ? null : this.parts.node];
  }

  update(view) {
    const { setting, state, level, points, revealed } = view;
    const { prompt, masses } = wordOf(setting, state.word);
    this.controls.update(view);
    this.handles.update({ ...view, wordMeans: (at, mode) => wordOf(at, mode).prompt.mean });
    this.prior.update(PICTURES.prior.content(view));
    this.tilt.update(PICTURES.tilt.content(view));
    const flags = Uint8Array.from(points.mode, (mode) => (mode === state.word ? 1 : 0));
    this.word.update({ layers: [ground(view), { ...points, flags, colour: "word" }], caption: `mode ${state.word + 1} alone: mean score ${score(prompt.mean)}` });
    const { tilt } = level;
    this.histogram.update({ edges: setting.histogram.edges, prior: setting.histogram.prior, hard: masses, tilt: setting.histogram.tilt(tilt.multiplier, tilt.logFromTop), threshold: NaN, mean: state.mean });
    this.parts.update(revealed ? splitPrompt(prompt, tilt, state.mean) : null, view);
  }

  want(wanted) {
    this.controls.want(wanted);
    for (const node of this.handles.nodes) node.classList.toggle("wanted", wanted === "words");
  }
}
