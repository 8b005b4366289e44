/** The prediction: buttons first, the answer after one of them. Nothing of the answer is in the page before. */

import { element, set } from "./dom.js";
import { nodes, paragraph } from "./text.js";

export class Question {
  /**
   * @param {object} scene its `question` and `answer`
   * @param {{answered: {choice: number|null}|undefined, answer: (choice: number|null) => void, numberOf: Function}} given
   *     `choice` is null where the learner asked for the answer without a guess
   */
  constructor(scene, { answered, answer, numberOf }) {
    const { question } = scene;
    this.scene = scene;
    this.numberOf = numberOf;
    this.options = question.options.map((text, i) =>
      element("button", { type: "button", class: "option", "data-option": i, "aria-pressed": "false", onclick: () => answer(i) }, element("span", {}, ...nodes(text, numberOf)), element("span", { class: "mark" })),
    );
    this.skip = element("button", { type: "button", class: "plain", "data-action": "skip", onclick: () => answer(null) }, "Show the answer without a guess");
    this.place = element("div", { role: "status", "aria-live": "polite", "data-part": "answer" });
    this.node = element(
      "section",
      { class: "card", "data-part": "question", "aria-label": "Your prediction" },
      element("fieldset", {}, element("legend", {}, ...nodes(question.text, numberOf)), this.options, this.skip),
      this.place,
    );
    if (answered) this.reveal(answered.choice);
  }

  /** Marks the guess and the right answer, and tells the claim. */
  reveal(choice) {
    const { question, answer } = this.scene;
    this.options.forEach((option, i) => {
      set(option, "aria-pressed", String(i === choice));
      set(option, "aria-disabled", "true");
      set(option, "data-right", i === question.right);
      option.lastChild.textContent = [i === choice ? "your guess" : "", i === question.right ? "✓" : ""].filter(Boolean).join(" ");
    });
    this.skip.hidden = true;
    const verdict = choice === null ? "The answer" : choice === question.right ? "Yes." : "Not quite.";
    this.place.replaceChildren(
      element(
        "div",
        { class: "answer" },
        element("p", { class: "verdict" }, verdict),
        element("h3", {}, answer.claim),
        ...answer.text.map((text) => paragraph(text, this.numberOf)),
        ...(this.scene.takeaway ? [element("h3", {}, "To take with you"), element("ul", { class: "takeaway" }, this.scene.takeaway.map((text) => element("li", {}, ...nodes(text, this.numberOf))))] : []),
        ...(answer.task ? [paragraph(answer.task, this.numberOf, { class: "task" })] : []),
      ),
    );
  }
}
