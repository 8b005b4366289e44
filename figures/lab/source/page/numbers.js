/** The table of both explanations; a row that the question asks about stays closed until it is answered. */

import { element, set, write } from "./dom.js";
import { nats, percent, times, whole } from "./format.js";

/** Row -> label, format, values [truncation, tilt], and the value that fills a cell's bar. */
export const ROWS = {
  kept: { label: "share of p that is kept", format: (v) => percent(v, 1), of: ({ level }) => [level.hard.kept, 1], full: () => 1 },
  below: {
    label: "draws from below t",
    format: (v) => percent(v, 1),
    of: ({ level }) => [0, level.tilt.massBelow(level.hard.threshold)],
    full: () => 1,
  },
  kl: { label: "KL to p, nats", format: nats, of: ({ level }) => [level.hard.kl, level.tilt.kl], full: ([a, b]) => Math.max(a, b) },
  shell: {
    label: "boundary mass at t",
    format: percent,
    of: ({ level }) => [level.boundary.hard, level.boundary.tilt],
    full: ([a, b]) => Math.max(a, b),
  },
  swap: {
    label: "replaced by a nudge",
    format: percent,
    of: ({ level }) => [level.step.hard, level.step.tilt],
    full: ([a, b]) => Math.max(a, b),
  },
  effective: {
    label: "examples it rests on",
    format: whole,
    of: ({ level }) => [level.effective.hard, level.effective.tilt],
    full: ([a, b]) => Math.max(a, b),
  },
  heaviest: {
    label: "weight of the top score",
    format: percent,
    of: ({ level }) => [level.heaviest.hard, level.heaviest.tilt],
    full: ([a, b]) => Math.max(a, b),
  },
};

const CLOSED = "?";

export class Numbers {
  /** @param {object} scene its `rows`, and in `hidden` those that wait for the answer */
  constructor(scene) {
    this.scene = scene;
    this.rows = scene.rows.map((name) => {
      const cells = ["truncation", "tilt"].map((law) => element("td", { class: law }));
      return { name, cells, node: element("tr", {}, element("th", { scope: "row" }, ROWS[name].label), cells) };
    });
    this.sum = element("p", { class: "below" });
    this.note = element("p", { class: "below soft" });
    this.node = element(
      "div",
      { class: "measures" },
      element(
        "table",
        { class: "numbers" },
        element("caption", {}, "In numbers"),
        element("thead", {}, element("tr", {}, element("td", {}), element("th", { scope: "col", class: "truncation" }, "truncation"), element("th", { scope: "col", class: "tilt" }, "tilt"))),
        element("tbody", {}, this.rows.map((row) => row.node)),
      ),
      this.sum,
      this.note,
    );
  }

  update(view) {
    const closed = (name) => !view.revealed && this.scene.hidden.includes(name);
    for (const { name, cells } of this.rows) {
      const row = ROWS[name];
      const values = closed(name) ? null : row.of(view);
      cells.forEach((cell, i) => {
        write(cell, values ? row.format(values[i]) : CLOSED);
        set(cell, "class", `${i ? "tilt" : "truncation"}${values ? "" : " unknown"}`);
        set(cell, "aria-label", values ? null : "hidden until you answer");
        cell.style.setProperty("--share", values ? share(values, i, row) : 0);
      });
    }
    const gap = this.scene.hidden.includes("gap") && view.revealed;
    write(this.sum, gap ? sentence(view.level) : "");
    write(this.note, view.revealed || !this.scene.hidden.length ? exactly(view) : "Answer the question to see the numbers.");
  }
}

function share(values, i, row) {
  const full = row.full(values);
  return full > 0 && Number.isFinite(values[i]) ? (values[i] / full).toFixed(3) : 0;
}

function sentence({ hard, tilt, gap }) {
  if (hard.status === "inactive") return "p has this mean already: both are p, and cost nothing.";
  return `gap = KL(truncation‖tilt) = ${nats(hard.kl)} − ${nats(tilt.kl)} = ${nats(gap)} nats; ratio ${times(hard.kl / tilt.kl)}`;
}

function exactly({ level }) {
  if (level.effective) return "Exact for these scores. The shell and the nudge are a tenth of their standard deviation.";
  return level.hard.status === "inactive" ? "" : "Exact values, from the law of the score; the dots are draws.";
}
