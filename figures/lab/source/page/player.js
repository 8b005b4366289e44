/** Play, pause and a slider of steps; with reduced motion, play shows the end at once. */

import { element, set, write } from "./dom.js";
import { STEPS } from "./runs.js";

const SECONDS = 5;
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class Player {
  /** @param {(step: number) => void} show */
  constructor(show) {
    this.show = show;
    this.step = STEPS;
    this.frame = null;
    this.button = element("button", { type: "button", "data-action": "play", onclick: () => (this.frame === null ? this.play() : this.pause()) }, "Play");
    this.slider = element("input", { type: "range", id: "step", min: 0, max: STEPS, step: 1, value: STEPS, oninput: () => this.to(Number(this.slider.value)) });
    this.output = element("output", { for: "step" }, String(STEPS));
    this.node = element("div", { class: "control wide", "data-control": "play" }, this.button, element("label", { for: "step" }, "Step"), this.slider, this.output);
  }

  play() {
    if (still()) return this.to(this.step >= STEPS ? 0 : STEPS);
    const from = this.step >= STEPS ? 0 : this.step;
    let begun = null;
    const next = (now) => {
      begun ??= now;
      const step = Math.min(STEPS, from + Math.floor(((now - begun) / (1000 * SECONDS)) * STEPS));
      this.frame = step < STEPS ? requestAnimationFrame(next) : null;
      this._set(step);
    };
    this.frame = requestAnimationFrame(next);
    return write(this.button, "Pause");
  }

  pause() {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
    write(this.button, "Play");
  }

  /** Stops and shows a step. */
  to(step) {
    this.pause();
    this._set(step);
  }

  _set(step) {
    this.step = step;
    this.slider.value = step;
    set(this.slider, "aria-valuetext", `step ${step} of ${STEPS}`);
    write(this.output, String(step));
    if (this.frame === null) write(this.button, "Play");
    this.show(step);
  }
}
