/** The modes of p as handles on a picture: dragged by mouse, finger or arrow keys, or chosen as words. */

import { element, set } from "./dom.js";
import { score } from "./format.js";
import { REACH, inPlane } from "./painter.js";

/** Largest |coordinate| of a mode. */
export const FARTHEST = 4.4;
const STEP = 0.1;
const LONG_STEP = 0.5;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const inside = (value) => Math.max(-FARTHEST, Math.min(FARTHEST, value));

/** Handles for the four modes. */
export class Handles {
  /**
   * @param {HTMLElement} place over the picture
   * @param {"move"|"choose"|"show"} use
   * @param {{move?: (mode: number, to: number[], done: boolean) => void, choose?: (mode: number) => void}} told
   */
  constructor(place, use, told = {}) {
    this.place = place;
    this.use = use;
    this.told = told;
    this.nodes = [0, 1, 2, 3].map((mode) => this._handle(mode));
    place.replaceChildren(...this.nodes);
  }

  update({ state, setting, wordMeans }) {
    this.modes = state.modes;
    this.nodes.forEach((node, mode) => {
      const [u, v] = inPlane(...state.modes[mode]);
      node.style.left = `${100 * u}%`;
      node.style.top = `${100 * v}%`;
      if (this.use === "move") set(node, "aria-label", `Mode ${mode + 1} of p at ${state.modes[mode].map(score).join(", ")}. Arrow keys move it, with Shift further.`);
      if (this.use === "choose") {
        set(node, "aria-pressed", String(state.word === mode));
        set(node, "aria-label", `Word ${mode + 1}, mean score ${score(wordMeans(setting, mode))}`);
      }
    });
  }

  _handle(mode) {
    if (this.use === "show") return element("span", { class: "handle", "aria-hidden": "true" }, String(mode + 1));
    const node = element("button", { type: "button", class: "handle", "data-mode": mode }, String(mode + 1));
    if (this.use === "choose") node.addEventListener("click", () => this.told.choose(mode));
    else this._movable(node, mode);
    return node;
  }

  _movable(node, mode) {
    set(node, "aria-roledescription", "movable mode");
    let held = null;
    node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      held = event.pointerId;
      node.setPointerCapture(held);
    });
    node.addEventListener("pointermove", (event) => {
      if (event.pointerId === held) this.told.move(mode, this._at(event), false);
    });
    const end = (event) => {
      if (event.pointerId !== held) return;
      held = null;
      this.told.move(mode, this.modes[mode], true);
    };
    node.addEventListener("pointerup", end);
    node.addEventListener("pointercancel", end);
    node.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const step = event.shiftKey ? LONG_STEP : STEP;
      const to = this.modes[mode].map((value, i) => inside(Number((value + step * arrow[i]).toFixed(3))));
      this.told.move(mode, to, true);
    });
  }

  /** Where a pointer is in the plane, to three decimals. */
  _at(event) {
    const box = this.place.getBoundingClientRect();
    const x = (2 * (event.clientX - box.left)) / box.width - 1;
    const y = 1 - (2 * (event.clientY - box.top)) / box.height;
    return [x, y].map((value) => inside(Number((REACH * value).toFixed(3))));
  }
}
