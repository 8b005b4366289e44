/** The text of a scene: heading, what to touch, the prediction, the statements that prove it, and the way on. */

import { CLAIMS, command, slug } from "../scenes/statements.js";
import { SCENES } from "../scenes/index.js";
import { element, set } from "./dom.js";
import { Question } from "./question.js";
import { paragraph } from "./text.js";

export class Story {
  /** @param {object} scene; @param {object} lab what the page offers: `answered`, `answer`, `go`, `numberOf`, `hidden` */
  constructor(scene, lab) {
    const at = SCENES.indexOf(scene);
    const { numberOf } = lab;
    this.touch = paragraph(scene.touch.text, numberOf, { class: "touch", "data-part": "touch" });
    this.proof = proof(scene);
    this.question = new Question(scene, { ...lab, answered: lab.answered(scene.id) });
    this.revealed = Boolean(lab.answered(scene.id));
    this.parts = [
      element("p", { class: "kicker" }, `${at + 1} of ${SCENES.length} · ${scene.title}`),
      element("h2", { tabindex: -1, id: "heading" }, scene.heading),
      ...(lab.hidden("story") ? [] : scene.text.map((text) => paragraph(text, numberOf))),
      ...(lab.hidden("controls") ? [] : [this.touch]),
      ...(lab.hidden("question") ? [] : [this.question.node]),
      this.proof,
      steps(at, lab.go),
    ];
    this.proof.hidden = !this.revealed;
  }

  /** Shows the answer and what proves it. */
  reveal(choice) {
    this.question.reveal(choice);
    this.proof.hidden = false;
  }

  /** Ticks off what the learner was asked to touch. */
  touched() {
    set(this.touch, "data-done", true);
  }
}

function steps(at, go) {
  const to = (i, text, main) =>
    element("button", { type: "button", class: main ? "main" : null, "data-action": main ? "next" : "back", disabled: !SCENES[i], onclick: () => go(SCENES[i].id) }, text);
  return element("div", { class: "steps" }, to(at - 1, "Back", false), ...(at + 1 < SCENES.length ? [to(at + 1, `Next: ${SCENES[at + 1].title}`, true)] : []));
}

/** The statements of a scene, each with its claim, how to look it up, and its page where the lab lies inside a site. */
function proof(scene) {
  const root = document.querySelector('meta[name="site-root"]')?.content ?? "";
  const entries = scene.statements.map((label) => {
    const name = root ? element("a", { href: `${root}statements/${slug(label)}/index.html` }, label) : label;
    return [element("dt", {}, name), element("dd", {}, CLAIMS[label], element("br"), element("code", {}, command(label)))];
  });
  return element("details", { class: "proof", "data-part": "proof" }, element("summary", {}, `What proves it: ${scene.statements.join(", ")}`), element("dl", {}, entries));
}
