/** Scene 6: retrieval, optimisation and EnergyDPS at the same mean, against the exact tilt. */

export const makers = {
  id: "makers",
  title: "Ways to make pictures",
  heading: "Which method knows p?",
  text: [
    "Three ways to get pictures with the same mean score. **Retrieval** takes the best-scoring images of a pool. **Optimisation** climbs ψ − λR from random starts, where R = x₂² is a penalty made by hand. **EnergyDPS** starts from noise and removes it with a model of p, while ψ pulls.",
    "Each has one knob, set so that the mean score is the target.",
  ],
  touch: { control: "play", text: "Press play, or drag the step." },
  start: { mean: 6, nudge: false },
  panels: ["dps", "retrieval", "ascent"],
  figures: ["histogram"],
  rows: ["methods"],
  hidden: ["methods"],
  movable: true,
  player: true,
  question: {
    text: "Drag mode 3 to another place: p changes. Whose pictures do not notice?",
    options: ["those of retrieval", "those of optimisation", "those of EnergyDPS"],
    right: 1,
  },
  answer: {
    claim: "Optimisation has never seen p.",
    text: [
      "It knows ψ and R, and neither contains p. Its pictures lie where the climb ended, however rare such images are. EnergyDPS and retrieval draw from p, with different results: retrieval is the truncation, EnergyDPS comes close to the tilt.",
      "The numbers say how far each is from the exact tilt (total variation, from 0 to 1; both smoothed alike). As many exact draws have the distance in the last line.",
      "EnergyDPS is calibrated by its mean. Its strength is not the β of the tilt.",
    ],
    task: "Move a mode and wait for the new runs: which of the three rows changes least?",
  },
  statements: ["Lemma F.2", "Theorem G.3", "Remark G.4", "Ours: factor of two"],
};
