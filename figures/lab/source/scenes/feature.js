/** Scene 1: what p, ψ, truncation and tilt are; one of the two throws images away. */

export const feature = {
  id: "feature",
  title: "A feature and its world",
  heading: "What does this feature respond to?",
  text: [
    "Each grey dot is an image; here an image is a point in the plane. The natural images p form four clusters, its modes. A feature ψ scores every image by its direction: 0 towards mode 1, {score.max} the opposite way. The mean score of p is {mean.p}.",
    "To see what ψ responds to, people show images with a higher mean score. **Truncation** keeps the images with ψ ≥ t and drops all others; top-k does this. The **tilt** drops none; it draws each image with a weight that grows as exp(βψ).",
  ],
  touch: { control: "mean", text: "Move the slider. It sets the mean score of both." },
  start: { mean: 5, nudge: false },
  panels: ["prior", "truncation", "tilt"],
  figures: ["histogram"],
  rows: ["kept", "below"],
  hidden: ["kept", "below"],
  question: {
    text: "At mean score 5, what share of p has the truncation thrown away?",
    options: ["about 2 %", "about 19 %", "about 50 %"],
    right: 1,
  },
  answer: {
    claim: "The same mean, different pictures.",
    text: [
      "At mean 5 the truncation has thrown away {discarded@5:percent} of p, all that scores below t = {threshold@5}. The tilt has thrown away nothing: {below.tilt@5:percent} of its draws come from the part that the truncation dropped.",
      "Neither is wrong. They answer different questions: *what passes a threshold*, and *what do natural images look like when this feature is on more than usual*.",
    ],
  },
  statements: ["Lemma D.1", "Lemma D.4"],
};
