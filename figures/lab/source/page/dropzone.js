/** Where a file is dropped or chosen; what is wrong with it is a sentence in an alert. */

import { LabError } from "../core/errors.js";
import { readActivations, scoresOf } from "../core/files.js";
import { element, set, write } from "./dom.js";

export class Dropzone {
  /** @param {{take: (name: string, scores: Float64Array) => void, example: () => void}} told */
  constructor(told) {
    this.told = told;
    this.input = element("input", { type: "file", id: "file", accept: ".npy,.csv,.tsv,.txt", onchange: () => this._read(this.input.files[0]) });
    this.columns = element("select", { id: "column", onchange: () => this._column(Number(this.columns.value)) });
    this.choice = element("label", { class: "control", for: "column", hidden: true }, "Column", this.columns);
    this.said = element("p", { class: "sentence", "data-part": "sentence", "aria-live": "polite" });
    this.example = element("button", { type: "button", "data-action": "example", onclick: () => this._example() }, "Take the example");
    this.node = element(
      "div",
      { class: "drop", "data-control": "file", ondragover: (event) => this._over(event, true), ondragleave: (event) => this._over(event, false), ondrop: (event) => this._drop(event) },
      element("label", { for: "file" }, "Your scores: drop a file here, or"),
      this.input,
      this.example,
      this.choice,
      this.said,
    );
  }

  /** Says something; as an alert if it is wrong. */
  say(text, wrong = false) {
    set(this.said, "role", wrong ? "alert" : null);
    write(this.said, text);
  }

  _over(event, over) {
    event.preventDefault();
    set(this.node, "data-over", over);
  }

  _drop(event) {
    this._over(event, false);
    if (event.dataTransfer.files.length !== 1) return this.say(`You dropped ${event.dataTransfer.files.length} files: drop one.`, true);
    return this._read(event.dataTransfer.files[0]);
  }

  async _read(file) {
    if (!file) return;
    this.say(`Reading ${file.name}…`);
    await this._try(async () => {
      this.table = readActivations(file.name, await file.arrayBuffer());
      const { names } = this.table;
      this.choice.hidden = names.length < 2;
      this.columns.replaceChildren(...names.map((name, j) => element("option", { value: j }, name)));
      this._column(0);
    });
  }

  _column(j) {
    return this._try(() => this.told.take(this.table.names.length > 1 ? `${this.table.name}, ${this.table.names[j]}` : this.table.name, scoresOf(this.table, j)));
  }

  _example() {
    this.choice.hidden = true;
    this.input.value = "";
    this.told.example();
  }

  async _try(action) {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      this.say(error.message, true);
    }
  }
}
