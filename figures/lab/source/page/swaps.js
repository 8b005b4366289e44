/** 1000 draws of an explanation before and after a nudge of the mean, as many as possible the same. */

import { drawSwap } from "../core/draws.js";
import { weightsOf } from "../core/weights.js";
import { drawn } from "./dom.js";

const DRAWS = 1000;
const OFFSET = 0.5;

const orders = new WeakMap();

/** The points of a pool by rising score, found once for each pool. */
function byScore(points) {
  if (!orders.has(points)) orders.set(points, Uint32Array.from(points.scores, (_, i) => i).sort((a, b) => points.scores[a] - points.scores[b]));
  return orders.get(points);
}

/**
 * @param {object} view
 * @param {"hard"|"tilt"} law
 * @returns {{stay: number[], leave: number[], come: number[], tv: number}|null} null where the nudge leads out of reach
 */
export function swap({ points, level }, law) {
  if (!level.next[law]) return null;
  const [before, after] = [weightsOf(points.scores, level[law]), weightsOf(points.scores, level.next[law])];
  return drawSwap(before, after, byScore(points), DRAWS, OFFSET, level.step[law]);
}

/** A ring for a point that leaves, a square for one that comes. */
export function mark(x, y, comes, colour) {
  if (!comes) return drawn("circle", { cx: x, cy: -y, r: 0.14, fill: "none", stroke: `var(--${colour})`, "stroke-width": 0.08 });
  return drawn("rect", { x: x - 0.11, y: -y - 0.11, width: 0.22, height: 0.22, fill: "var(--ink)" });
}
