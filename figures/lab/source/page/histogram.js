/** The histogram of the score under p (grey), the truncation (solid line) and the tilt (dashed line). */

import { drawn, element, set } from "./dom.js";
import { percent, short } from "./format.js";

const WIDTH = 620;
const HEIGHT = 270;
const LEFT = 8;
const RIGHT = 8;
const TOP = 44;
const FOOT = 26;
const PLOT = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - FOOT };

/** How tall the plot is, in mass a bin: three times what four fifths of p's bins stay under; taller bars are cut. */
export function tallest(prior) {
  const sorted = Float64Array.from(prior).sort();
  return Math.max(3 * sorted[Math.floor(0.8 * (sorted.length - 1))], 3 / prior.length);
}

export class HistogramFigure {
  /** @param {{name: string, class: string}} [first] what the solid line stands for */
  constructor(first = { name: "truncation", class: "truncation" }) {
    this.first = first;
    this.bars = drawn("path", { class: "prior" });
    this.shell = drawn("rect", { class: "shell", y: TOP, height: PLOT.height });
    this.hard = drawn("path", { class: first.class });
    this.tilt = drawn("path", { class: "tilt" });
    this.threshold = drawn("line", { stroke: "var(--truncation)", "stroke-width": 1.5, y1: TOP - 6, y2: TOP + PLOT.height });
    this.thresholdText = drawn("text", { class: "truncation", y: TOP - 10, "text-anchor": "middle" });
    this.mean = drawn("line", { class: "mark", y1: TOP, y2: TOP + PLOT.height });
    this.meanText = drawn("text", { y: TOP - 10, "text-anchor": "middle" });
    this.cut = drawn("text", { x: WIDTH - RIGHT, y: 13, "text-anchor": "end" });
    this.axis = drawn("g");
    this.svg = drawn(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
      this.bars,
      this.shell,
      drawn("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: TOP + PLOT.height, y2: TOP + PLOT.height }),
      this.axis,
      this.hard,
      this.tilt,
      this.threshold,
      this.mean,
      this.thresholdText,
      this.meanText,
      this.cut,
    );
    this.node = element("figure", { class: "figure histogram" }, element("figcaption", {}, "How the scores are spread"), this.svg, key(first));
  }

  /**
   * @param {object} data `edges`, and masses a bin: `prior`, `hard`, `tilt` (the last two may be null); `threshold`,
   *     `mean`; `shell` [from, to] or null
   */
  update({ edges, prior, hard, tilt, threshold, mean, shell = null }) {
    const [low, high] = [edges[0], edges.at(-1)];
    const ceiling = tallest(prior);
    const x = (value) => LEFT + (PLOT.width * (Math.min(high, Math.max(low, value)) - low)) / (high - low);
    const y = (mass) => TOP + PLOT.height * (1 - Math.min(1, mass / ceiling));
    const steps = (masses) => [...masses].map((mass, b) => `${b ? "L" : "M"}${x(edges[b]).toFixed(1)} ${y(mass).toFixed(1)}H${x(edges[b + 1]).toFixed(1)}`).join("");
    set(this.bars, "d", `${steps(prior)}V${y(0)}H${x(low)}Z`);
    set(this.hard, "d", hard ? steps(hard) : "");
    set(this.tilt, "d", tilt ? steps(tilt) : "");
    const cutAt = Number.isFinite(threshold) && hard;
    place(this.threshold, this.thresholdText, cutAt ? x(threshold) : null, cutAt ? `t = ${short(threshold)}` : "");
    place(this.mean, this.meanText, x(mean), `mean ${short(mean)}`);
    if (cutAt && Math.abs(x(threshold) - x(mean)) < 90) set(this.thresholdText, "x", Math.max(40, x(mean) - 90));
    set(this.shell, "x", shell ? x(shell[0]) : 0);
    set(this.shell, "width", shell ? Math.max(1, x(shell[1]) - x(shell[0])) : 0);
    this.cut.replaceChildren(...cutBars({ prior: [prior, "soft"], hard: [hard, this.first.class], tilt: [tilt, "tilt"] }, ceiling));
    this._axis(low, high, x);
    set(this.svg, "aria-label", described({ first: hard && this.first.name, tilt, threshold: cutAt ? threshold : null, mean, low, high }));
  }

  _axis(low, high, x) {
    const wanted = `${low} ${high}`;
    if (this.drawnFor === wanted) return;
    this.drawnFor = wanted;
    this.axis.replaceChildren(
      ...ticks(low, high).map((value) => drawn("text", { x: x(value), y: HEIGHT - 7, "text-anchor": value === low ? "start" : "middle" }, short(value).replace(/\.?0+$/, "") || "0")),
    );
  }
}

/** Round numbers inside a range, four to nine of them. */
export function ticks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

function place(line, text, at, label) {
  const shown = at !== null;
  for (const node of [line, text]) set(node, "visibility", shown ? null : "hidden");
  if (!shown) return;
  set(line, "x1", at);
  set(line, "x2", at);
  set(text, "x", Math.min(WIDTH - 40, Math.max(40, at)));
  text.textContent = label;
}

/** Says how tall the tallest cut bar is, for each law. */
function cutBars(laws, ceiling) {
  const parts = [];
  for (const [masses, colour] of Object.values(laws)) {
    const most = masses ? Math.max(...masses) : 0;
    if (most > ceiling) parts.push(drawn("tspan", { fill: `var(--${colour})`, dx: parts.length ? 6 : 0 }, percent(most, 0)));
  }
  return parts.length ? [drawn("tspan", {}, "cut at the top: "), ...parts] : [];
}

function described({ first, tilt, threshold, mean, low, high }) {
  const laws = [first, tilt && "tilt"].filter(Boolean).map((name) => `, ${name}`).join("");
  const where = threshold === null ? "" : ` The threshold is at ${short(threshold)}.`;
  return `Histogram of the score from ${short(low)} to ${short(high)}: p${laws}; mean ${short(mean)}.${where}`;
}

/** Which line is which. */
export function key(first) {
  const line = (name) => drawn("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" }, drawn("path", { d: "M0 5H22", class: name }));
  const box = drawn("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" }, drawn("rect", { width: 22, height: 10, class: "prior" }));
  return element(
    "ul",
    { class: "key figure" },
    element("li", {}, box, "p"),
    element("li", {}, line(first.class), first.name),
    element("li", {}, line("tilt"), "tilt"),
  );
}
