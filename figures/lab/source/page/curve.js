/** A measure of both explanations along the mean: solid for the truncation, dashed for the tilt. */

import { drawn, element, set } from "./dom.js";
import { fixed, percent, score } from "./format.js";
import { ticks } from "./histogram.js";
import { RANGE } from "./model.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, FOOT] = [420, 210, 58, 10, 12, 26];
const POINTS = 48;

/** Name -> what is drawn, how its axis reads, its values at a level. */
export const MEASURES = {
  kl: { title: "KL to p, in nats, along the mean", axis: (v) => fixed(v, 1), of: (level) => [level.hard.kl, level.tilt.kl] },
  shell: { title: "Boundary mass along the mean", axis: (v) => percent(v, 1), of: (level) => [level.boundary.hard, level.boundary.tilt] },
  swap: { title: "Replaced by a nudge, along the mean", axis: (v) => percent(v, 1), of: (level) => [level.step.hard, level.step.tilt] },
};

/** Means at which a curve is drawn; values above it are computed in between. */
export const MEANS = Array.from({ length: POINTS }, (_, i) => RANGE.low + ((RANGE.high - RANGE.low) * i) / (POINTS - 1));

export class CurveFigure {
  constructor(name) {
    this.measure = MEASURES[name];
    this.hard = drawn("path", { class: "truncation" });
    this.tilt = drawn("path", { class: "tilt" });
    this.mean = drawn("line", { class: "mark", y1: TOP, y2: HEIGHT - FOOT });
    this.dots = ["truncation", "tilt"].map((law) => drawn("circle", { r: 4.5, fill: `var(--${law})` }));
    this.axis = drawn("g");
    this.svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, this.axis, this.mean, this.hard, this.tilt, this.dots);
    this.node = element("figure", { class: "figure curve" }, element("figcaption", {}, this.measure.title), this.svg);
  }

  /** Draws the curves of the view's world; while a mode moves they wait, as 48 means take longer than a frame. */
  update({ setting, state, level, moving }) {
    if (setting !== this.setting && !moving) this._curves(setting);
    const waits = setting !== this.setting;
    for (const node of [this.hard, this.tilt]) set(node, "opacity", waits ? 0.25 : null);
    if (!this.y) return;
    const at = x(state.mean);
    set(this.mean, "x1", at);
    set(this.mean, "x2", at);
    this.measure.of(level).forEach((value, i) => {
      set(this.dots[i], "visibility", value === null ? "hidden" : null);
      set(this.dots[i], "cx", at);
      set(this.dots[i], "cy", this.y(value ?? 0));
    });
  }

  _curves(setting) {
    this.setting = setting;
    const values = MEANS.map((mean) => this.measure.of(setting.level(mean)));
    const most = Math.max(...values.flat().filter(Number.isFinite));
    const top = ceiling(values.map((pair) => pair.filter(Number.isFinite)), most);
    this.y = (value) => HEIGHT - FOOT - (HEIGHT - FOOT - TOP) * Math.min(1, value / top);
    const path = (i) => MEANS.map((mean, j) => [mean, values[j][i]]).filter(([, v]) => v !== null).map(([mean, v], j) => `${j ? "L" : "M"}${x(mean).toFixed(1)} ${this.y(v).toFixed(1)}`).join("");
    set(this.hard, "d", path(0));
    set(this.tilt, "d", path(1));
    this.axis.replaceChildren(
      ...ticks(0, top).map((value) => drawn("g", {}, drawn("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: this.y(value), y2: this.y(value) }), drawn("text", { x: LEFT - 6, y: this.y(value) + 4, "text-anchor": "end" }, this.measure.axis(value)))),
      ...ticks(RANGE.low, RANGE.high).map((value) => drawn("text", { x: x(value), y: HEIGHT - 8, "text-anchor": "middle" }, fixed(value, 0))),
    );
    const ends = [0, POINTS - 1].map((j) => `at mean ${score(MEANS[j])} truncation ${this.measure.axis(values[j][0])}, tilt ${this.measure.axis(values[j][1])}`);
    set(this.svg, "aria-label", `${this.measure.title}: ${ends.join("; ")}`);
  }
}

const x = (mean) => LEFT + ((WIDTH - LEFT - RIGHT) * (mean - RANGE.low)) / (RANGE.high - RANGE.low);

/** The top of the axis: the largest value, rounded up. */
function ceiling(values, most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((f) => f * power).find((top) => top >= most);
}
