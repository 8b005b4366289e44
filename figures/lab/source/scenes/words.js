/** Scene 7: a prompt as a restricted family; level, bottleneck and overshoot. */

export const words = {
  id: "words",
  title: "Say it in a word",
  heading: "What does a prompt cost?",
  text: [
    "A prompt can ask only for what it has words for. Here the words are the four modes: name one, and the generator draws that mode and nothing else.",
    "The tilt on the right has the mean that you ask for. A word has the mean that it has.",
  ],
  touch: { control: "words", text: "Choose a numbered mode as your prompt." },
  start: { mean: 6, nudge: false, word: 2 },
  panels: ["prior", "word", "tilt"],
  figures: ["histogram", "parts"],
  rows: ["word"],
  hidden: ["parts"],
  chooses: true,
  question: {
    text: "You ask for mean 6 and name mode 3, whose mean is {word.mean@6:score}. It costs {word.kl@6} nats. What for?",
    options: [
      "only for the mean of 6",
      "for the mean of 6, and for the words that are missing",
      "for the mean of 6, for missing words, and for score beyond 6",
    ],
    right: 2,
  },
  answer: {
    claim: "Three parts, and only the first is needed.",
    text: [
      "{word.kl@6:fine} = {word.level@6:fine} + {word.bottleneck@6:fine} + {word.overshoot@6:fine}. The *level* is the price of the tilt at mean 6, which everybody pays. The *bottleneck* is the KL from the word to the tilt: no word says “a little of modes 2 and 4 as well”. The *overshoot* is β times the score beyond 6.",
    ],
    task: "Move the slider until the overshoot is zero. What is left?",
  },
  statements: ["Theorem F.7"],
};
