/**
 * The numbers that prose may name: `{kl.hard@5}`. Each is a function of a setting and a level of `model.js`.
 *
 * The format is the usual one of a quantity; a token may choose another.
 */

import { promptOf, splitPrompt } from "../core/prompts.js";
import { exampleActivations } from "./own.js";
import * as forms from "./format.js";

const quantity = (format, of) => ({ format, of });

export const QUANTITIES = {
  "score.max": quantity("score", ({ world }) => world.top),
  "mean.p": quantity("score", ({ law }) => law.mean),
  margin: quantity("score", ({ world }) => world.margin),
  step: quantity("score", ({ world }) => world.targetStep),
  threshold: quantity("score", ({ level }) => level.hard.threshold),
  kept: quantity("percent", ({ level }) => level.hard.kept),
  discarded: quantity("percent", ({ level }) => 1 - level.hard.kept),
  "below.tilt": quantity("percent", ({ level }) => level.tilt.massBelow(level.hard.threshold)),
  beta: quantity("nats", ({ level }) => level.tilt.multiplier),
  "kl.hard": quantity("nats", ({ level }) => level.hard.kl),
  "kl.tilt": quantity("nats", ({ level }) => level.tilt.kl),
  ratio: quantity("times", ({ level }) => level.hard.kl / level.tilt.kl),
  gap: quantity("nats", ({ level }) => level.gap),
  tv: quantity("nats", ({ level }) => level.tv),
  "shell.hard": quantity("percent", ({ level }) => level.boundary.hard),
  "shell.tilt": quantity("percent", ({ level }) => level.boundary.tilt),
  "swap.hard": quantity("percent", ({ level }) => level.step.hard),
  "swap.tilt": quantity("percent", ({ level }) => level.step.tilt),
  "swaps.hard": quantity("count", ({ level }) => 1000 * level.step.hard),
  "word.mean": quantity("score", (here) => wordAt(here).prompt.mean),
  "word.kl": quantity("nats", (here) => wordAt(here).split.kl),
  "word.level": quantity("nats", (here) => wordAt(here).split.level),
  "word.bottleneck": quantity("nats", (here) => wordAt(here).split.bottleneck),
  "word.overshoot": quantity("nats", (here) => wordAt(here).split.overshoot),
  "example.effective": quantity("count", () => exampleLevel().effective.tilt),
  "example.hard": quantity("nats", () => exampleLevel().hard.kl),
  "example.tilt": quantity("nats", () => exampleLevel().tilt.kl),
  "swaps.tilt": quantity("count", ({ level }) => 1000 * level.step.tilt),
};

let level = null;
/** The example at k = 100. */
const exampleLevel = () => (level ??= exampleActivations().level({ k: 100, target: null }));

/** Mode 3 as a word, and the parts of its KL at the level. */
function wordAt({ world, level }) {
  const prompt = promptOf(world, 2);
  return { prompt, split: splitPrompt(prompt, level.tilt, level.tilt.mean) };
}

/**
 * The value behind a token.
 *
 * @param {{name: string, at: number|null}} token from `text.js`
 * @param {object} here the view of the learner's world and mean
 * @param {object} paper the `Setting` that `@` speaks of
 * @throws {Error} for a name that is no quantity
 */
export function valueOf({ name, at }, here, paper) {
  const entry = QUANTITIES[name];
  if (!entry) throw new Error(`{${name}}: must be one of ${Object.keys(QUANTITIES).join(", ")}`);
  return entry.of(at === null ? here : { setting: paper, world: paper.world, law: paper.law, level: paper.level(at) });
}

/** The string in a token's place. */
export function textOf(token, here, paper) {
  return forms.FORMATS[token.format ?? QUANTITIES[token.name]?.format ?? "nats"](valueOf(token, here, paper));
}
