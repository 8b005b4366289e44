/** The dials above the pictures: the mean, the nudge, and the way back to the paper's world. */

import { PAPER_SETTINGS } from "../core/paper.js";
import { element, set, write } from "./dom.js";
import { score } from "./format.js";
import { RANGE } from "./model.js";

const PAPER_MODES = JSON.stringify(PAPER_SETTINGS.modes);

export class Controls {
  /** @param {object} scene; @param {{change: Function, touched: Function}} lab */
  constructor(scene, lab) {
    this.scene = scene;
    this.output = element("output", { for: "mean" });
    this.mean = element("input", { type: "range", id: "mean", ...{ min: RANGE.low, max: RANGE.high, step: RANGE.step }, oninput: () => lab.change({ mean: Number(this.mean.value) }, "mean") });
    this.nudge = element("input", { type: "checkbox", id: "nudge", onchange: () => lab.change({ nudge: this.nudge.checked }, "nudge") });
    this.reset = element("button", { type: "button", "data-action": "reset", onclick: () => lab.change({ modes: PAPER_SETTINGS.modes.map((mode) => [...mode]) }, "reset", true) }, "Reset the world");
    this.meanBox = element("div", { class: "control wide", "data-control": "mean" }, element("label", { for: "mean" }, "Mean score"), this.mean, this.output);
    this.nudgeText = element("span");
    this.nudgeBox = element("label", { class: "control", "data-control": "nudge" }, this.nudge, this.nudgeText);
    this.node = element("div", { class: "controls", "data-part": "controls" }, this.meanBox, scene.swaps ? this.nudgeBox : null, scene.movable ? this.reset : null);
  }

  update({ state, world }) {
    if (Number(this.mean.value) !== state.mean) this.mean.value = state.mean;
    set(this.mean, "aria-valuetext", score(state.mean));
    write(this.output, score(state.mean));
    this.nudge.checked = state.nudge;
    write(this.nudgeText, `nudge it by ${score(world.targetStep)}`);
    this.reset.disabled = JSON.stringify(state.modes) === PAPER_MODES;
  }

  /** Highlights the dial that the scene asks to touch, until it is touched. */
  want(wanted) {
    for (const [name, box] of Object.entries({ mean: this.meanBox, nudge: this.nudgeBox })) box.classList.toggle("wanted", name === wanted);
  }
}
