/** The paper's world as this project recovered it; its constants live in toy/recovered.json alone. */

import record from "../../../../toy/recovered.json" with { type: "json" };
import { makeWorld } from "./world.js";

const found = record.worlds[record.winner].world;
const side = found.radius / Math.SQRT2;

/** What `makeWorld` takes; the modes are numbered round the origin from the first quadrant. */
export const PAPER_SETTINGS = Object.freeze({
  modes: [
    [side, side],
    [-side, side],
    [-side, -side],
    [side, -side],
  ],
  sigma: found.sigma,
  scoreScale: found.score_scale,
  margin: found.margin,
  targetStep: found.target_step,
});

/** The world of Table 2. */
export const PAPER = makeWorld(PAPER_SETTINGS);
