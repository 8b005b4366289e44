/** The KL of a prompt in its three parts, as bars on one scale. */

import { element, write } from "./dom.js";
import { fine, score } from "./format.js";

const PARTS = {
  level: { name: "level", colour: "tilt", what: "the tilt’s price for the mean" },
  bottleneck: { name: "bottleneck", colour: "bottleneck", what: "words that are missing" },
  overshoot: { name: "overshoot", colour: "word", what: "score beyond what was asked" },
};

export class PartsFigure {
  constructor() {
    this.rows = Object.entries(PARTS).map(([key, { name, colour, what }]) => {
      const value = element("span", { class: "value" });
      const bar = element("span", { class: "bar", style: `background: var(--${colour})` });
      return { key, value, bar, node: element("li", {}, element("span", { class: "name" }, name, element("small", {}, what)), value, element("span", { class: "track" }, bar)) };
    });
    this.total = element("p", { class: "below" });
    this.note = element("p", { class: "below soft", role: "note" });
    this.list = element("ul", { class: "parts" }, this.rows.map(({ node }) => node));
    this.node = element("div", { class: "figure", "data-part": "parts" }, element("p", { class: "label" }, "What the word costs, in nats"), this.total, this.list, this.note);
  }

  /** @param {object|null} split from `splitPrompt`; null while it waits for the answer; @param {object} view */
  update(split, { state }) {
    const open = split !== null;
    this.rows.forEach(({ key, value, bar }) => {
      write(value, open ? fine(split[key]) : "?");
      bar.style.width = open ? `${Math.min(100, Math.max(0, (100 * split[key]) / Math.max(split.kl, split.level + split.bottleneck)))}%` : "0";
    });
    write(this.total, open ? `KL(word‖p) = ${fine(split.kl)} = ${fine(split.level)} + ${fine(split.bottleneck)} ${split.overshoot < 0 ? "−" : "+"} ${fine(Math.abs(split.overshoot))}` : "KL(word‖p) = ? + ? + ?");
    write(this.note, !open ? "Answer the question to see the parts." : split.feasible ? "" : `This word does not reach mean ${score(state.mean)}: nobody who asks for it is served, and the overshoot is negative.`);
  }
}
