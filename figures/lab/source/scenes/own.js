/** Scene 8: the learner's own activations; effective size and what to do when it is small. */

export const own = {
  id: "own",
  title: "Your activations",
  heading: "What would the tilt show of your feature?",
  text: [
    "Truncation and tilt see a feature through its scores alone. One number an image is enough: drop a .npy or .csv file (up to a million numbers, nothing leaves this page), or take the example.",
    "Choose k, as for a top-k page. The tilt gets the mean score of the top k.",
  ],
  touch: { control: "k", text: "Choose k and see what changes." },
  start: { k: 100 },
  panels: ["pool", "topk", "weighted"],
  figures: ["histogram"],
  rows: ["effective", "heaviest", "kl", "shell", "swap"],
  hidden: ["effective", "heaviest", "kl"],
  files: true,
  question: {
    text: "The example has 100 000 scores. With k = 100, on how many images does the tilt rest (its effective size)?",
    options: ["about 20", "about 100", "about 10 000"],
    right: 0,
  },
  answer: {
    claim: "A tilt can rest on fewer images than top-k.",
    text: [
      "The effective size is 1/Σw², where w are the weights. In the example, with k = 100, it is {example.effective:count}: a mean that only 100 of 100 000 images reach leaves few images with any weight. In its KL the tilt is still the closer one, {example.tilt} nats against {example.hard}; the pool is too small to show it.",
      "Three ways out: ask for a **lower mean** (a larger k); take a **larger pool**; or **sample** the tilt with a generator, as EnergyDPS does.",
    ],
    task: "Raise k until the effective size is above 1000. What is the mean then?",
  },
  takeaway: [
    "Truncation and tilt answer different questions at the same mean. The tilt changes p least.",
    "What truncation adds is an edge: a KL gap, a crowded boundary, and a set that depends on the threshold.",
    "Retrieval, optimisation, prompts and EnergyDPS differ in what they know of p. Ask that first of any method.",
    "On your own scores: report the effective size beside the pictures.",
  ],
  statements: ["Lemma F.1", "Ours: effective sample size"],
};
