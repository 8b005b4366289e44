/** Scene 4: threshold instability, what a small change of the target replaces. */

export const nudge = {
  id: "nudge",
  title: "Nudge the target",
  heading: "What if you had asked for a little more?",
  text: [
    "Somebody chose the mean score, or k. Nothing in the feature says which. An explanation should not depend much on that choice.",
    "Draw 1000 images of each explanation. Then ask for a mean that is {step} higher, and replace as few images as possible.",
  ],
  touch: { control: "nudge", text: "Switch the nudge on and off." },
  start: { mean: 7, nudge: false },
  panels: ["prior", "truncation", "tilt"],
  figures: ["histogram", "curve"],
  curve: "swap",
  swaps: true,
  rows: ["swap"],
  hidden: ["swap", "swaps", "curve"],
  question: {
    text: "At mean score 7, which explanation replaces more of its 1000 images?",
    options: ["the truncation", "the tilt", "both the same: the mean rises equally"],
    right: 0,
  },
  answer: {
    claim: "A nudge cuts a band off the truncation.",
    text: [
      "{swaps.hard@7} of its 1000 images leave, {swaps.tilt@7} of the tilt’s. Rings mark what leaves, squares what comes. The truncation loses all images of one band along the threshold; the tilt changes a little everywhere.",
      "A band that is cut off is gone: a picture in it has probability 0 afterwards, so that the KL from the old truncation to the new one is infinite. Between two tilts it is finite and small.",
      "The order is that of this world, no law of nature: for a Gaussian score and a low threshold the tilt moves more.",
    ],
    task: "Switch the nudge off and on, at mean 7 and at mean 5.",
  },
  statements: ["Lemma D.10", "Lemma D.12", "Lemma D.8", "Ours: crossing"],
};
