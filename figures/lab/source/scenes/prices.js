/** Scene 2: the KL of both at the same mean; the gap is a KL itself. */

export const prices = {
  id: "prices",
  title: "One mean, two prices",
  heading: "How far from p does each one go?",
  text: [
    "The price of an explanation q is KL(q‖p), in nats: how far its pictures are from natural images as a whole. Whoever asks for a higher mean score has to pay something. The question is how much more than needed.",
    "Both explanations have the same mean score. Their histograms below show how differently they reach it.",
  ],
  touch: { control: "mean", text: "Move the slider and watch the shapes." },
  start: { mean: 5, nudge: false },
  panels: ["prior", "truncation", "tilt"],
  figures: ["histogram", "curve"],
  curve: "kl",
  rows: ["kl"],
  hidden: ["kl", "gap", "curve"],
  question: {
    text: "At mean score 5, how many times the KL of the tilt does the truncation cost?",
    options: ["the same", "about 1.4 times", "about 4 times"],
    right: 2,
  },
  answer: {
    claim: "Truncation pays for more than the mean.",
    text: [
      "At mean 5 it pays {kl.hard@5} nats, the tilt {kl.tilt@5}: {ratio@5} times as much. No distribution with this mean pays less than the tilt.",
      "What the truncation pays too much, {gap@5} nats, is a KL itself, the one from the truncation to the tilt. Close to the mean of p the ratio is large ({ratio@4.2} at mean 4.2); at mean 7 it is {ratio@7}.",
    ],
    task: "Move the slider: at which mean is the gap between the two curves widest?",
  },
  statements: ["Theorem D.14", "Ours: gap"],
};
