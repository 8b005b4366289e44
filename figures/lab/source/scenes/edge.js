/** Scene 3: boundary mass, the share of images that only just pass. */

export const edge = {
  id: "edge",
  title: "Life at the edge",
  heading: "How many images only just pass?",
  text: [
    "Look at the images whose score lies between the threshold t and t + {margin}, the *shell*. They show the feature hardly better than images that were refused.",
    "The **boundary mass** of an explanation is the share of the shell among its images with ψ ≥ t. Take the same t for both.",
  ],
  touch: { control: "mean", text: "Move the slider: the shell turns with the threshold." },
  start: { mean: 7, nudge: false },
  panels: ["prior", "truncation", "tilt"],
  figures: ["histogram", "curve"],
  curve: "shell",
  shell: true,
  rows: ["shell"],
  hidden: ["shell", "curve"],
  question: {
    text: "At mean score 7, whose share at the edge is larger?",
    options: ["the truncation’s", "the tilt’s", "neither: they have the same threshold"],
    right: 0,
  },
  answer: {
    claim: "Truncation crowds the edge.",
    text: [
      "In the shell lie {shell.hard@7:percent} of the truncation and {shell.tilt@7:percent} of the tilt. Above t the truncation keeps p as it is, and p has many images with middling scores. The tilt weighs them by exp(βψ), which moves its mass up and away from t.",
      "This holds for every world, threshold and width of the shell.",
    ],
    task: "Move the slider: at which mean is the truncation’s edge emptiest, and why there? Compare with the histogram of p.",
  },
  statements: ["Lemma D.7", "Ours: all margins"],
};
