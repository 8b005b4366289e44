/** Scene 5: the learner looks for a counterexample to Theorem D.14 and finds none. */

export const world = {
  id: "world",
  title: "Change the world",
  heading: "Is it only this world?",
  text: [
    "So far p had four neat modes. Move them. All numbers stay exact: the law of the score has a closed form, which is computed anew at every move.",
    "Far from the centre all images of a mode score about the same; a mode at the centre has every score.",
  ],
  touch: { control: "modes", text: "Drag a numbered mode, or focus it and use the arrow keys." },
  start: { mean: 6, nudge: false },
  panels: ["prior", "truncation", "tilt"],
  figures: ["histogram", "curve"],
  curve: "kl",
  rows: ["kl", "shell", "swap"],
  hidden: ["kl", "gap", "shell", "swap", "curve", "record"],
  movable: true,
  record: true,
  question: {
    text: "Can you build a world in which the truncation has the smaller KL at the same mean?",
    options: ["yes, if the modes overlap", "yes, if nearly all images score high", "no"],
    right: 2,
  },
  answer: {
    claim: "In no world.",
    text: [
      "The tilt has the least KL of all distributions with its mean. The gap is the KL from truncation to tilt, and a KL is never negative. You can only change its size.",
    ],
    task: "Bring the ratio of the two KLs as close to 1 as you can. The line below the numbers keeps your record.",
  },
  statements: ["Theorem D.14", "Ours: score law"],
};
