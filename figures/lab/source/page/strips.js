/** Pictures of a pool of scores: the score to the right, a random height; heavy examples are drawn as large as often they come. */

import { drawn } from "./dom.js";
import { REACH } from "./painter.js";

const EDGE = 0.05;
const MOST = 4_000;

/** A place function for scores between two ends. */
export function along(low, high) {
  const width = high > low ? high - low : 1;
  return (value, height) => [EDGE + ((1 - 2 * EDGE) * (value - low)) / width, EDGE + (1 - 2 * EDGE) * height];
}

/** At most 4000 of some examples as a layer: every so-manieth. */
export function layer(scores, heights, examples, colour) {
  const every = Math.ceil(examples.length / MOST);
  const few = every > 1 ? examples.filter((_, i) => i % every === 0) : examples;
  return { x: Float64Array.from(few, (i) => scores[i]), y: Float64Array.from(few, (i) => heights[i % heights.length]), colour };
}

/** A disc for each example that is drawn more than once, its area in proportion to how often. */
export function discs(scores, heights, draws, place, colour) {
  const often = [...draws].filter(([, count]) => count > 1).slice(-400);
  return often.map(([i, count]) => {
    const [u, v] = place(scores[i], heights[i % heights.length]);
    return drawn("circle", { cx: (2 * u - 1) * REACH, cy: (2 * v - 1) * REACH, r: 0.06 * Math.sqrt(count), fill: `var(--${colour})`, "fill-opacity": 0.75 });
  });
}

/** A vertical line at a score. */
export function upright(value, place, attributes) {
  const x = (2 * place(value, 0)[0] - 1) * REACH;
  return drawn("line", { x1: x, x2: x, y1: -REACH, y2: REACH, ...attributes });
}
