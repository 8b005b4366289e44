/**
 * The three methods, each calibrated to the mean and run once, with what a player shows of the way.
 *
 * The searches yield after each run, so that the page stays alive; a newer request makes an older one stop.
 */

import { ITERATIONS, climb, drawStarts, searchPenalty } from "../core/ascent.js";
import { drawNoise, energyDps, searchStrength } from "../core/dps.js";
import { independentDraws, smoothedPoints, smoothedSolution, smoothedTv } from "../core/judge.js";
import { random, shuffled } from "../core/random.js";
import { retrieveSeen } from "../core/retrieval.js";
import { weightsOf } from "../core/weights.js";

/** Points of each method. */
export const RUNS = 1_500;
/** Reverse steps of EnergyDPS, and of the player. */
export const STEPS = 100;

const TOLERANCE = { dps: 0.005, ascent: 0.02 };
const breath = () => new Promise((resume) => setTimeout(resume));

/** Runs the methods for one world after the other. */
export class Runs {
  constructor() {
    this.turn = 0;
  }

  /**
   * @param {object} view
   * @param {(part: object) => void} told called with { dps }, { retrieval }, { ascent }, { tv } as they are found; a
   *     method that fails gives { [name]: { failed: sentence } }
   * @returns {Promise<boolean>} false if a newer call took its place
   */
  async start(view, told) {
    const turn = ++this.turn;
    const { world, state, points, level } = view;
    const jobs = {
      retrieval: () => retrieval(points, state),
      ascent: async () => ascent(world, state, await this._search(turn, (starts) => searchPenalty(world, starts, state.mean, TOLERANCE.ascent), drawStarts(RUNS, state.seed))),
      dps: async () => dps(world, state, await this._search(turn, (noise) => searchStrength(world, noise, state.mean, TOLERANCE.dps), drawNoise(RUNS, STEPS, state.seed))),
    };
    const found = {};
    for (const [name, job] of Object.entries(jobs)) {
      await breath();
      if (turn !== this.turn) return false;
      try {
        found[name] = await job();
      } catch (error) {
        if (turn !== this.turn) return false;
        if (!error.name || !["InfeasibleTarget", "CalibrationFailed", "LabError"].includes(error.name)) throw error;
        found[name] = { failed: error.message };
      }
      if (turn !== this.turn) return false;
      told({ [name]: found[name] });
    }
    await breath();
    if (turn !== this.turn) return false;
    told({ tv: distances(world, points, level.tilt, found, state.seed) });
    return true;
  }

  /** Stops what is under way. */
  stop() {
    this.turn++;
  }

  async _search(turn, make, given) {
    const search = make(given);
    for (let step = search.next(); ; step = search.next()) {
      if (step.done) return { given, ...step.value };
      await breath();
      if (turn !== this.turn) throw new Error("superseded");
    }
  }
}

/** Retrieval looks at the pool in a random order; `at(step)` is what it keeps after so much of it. */
function retrieval(points, { mean, seed }) {
  const order = shuffled(points.n, random(seed + 7));
  const at = (step) => {
    const seen = Math.max(1, Math.round((points.n * step) / STEPS));
    return { seen, kept: retrieveSeen(points.scores, order, seen, mean) };
  };
  const { kept } = at(STEPS);
  if (!kept) return { failed: `No image of the pool scores ${mean} or more.` };
  return { at, mean: kept.mean, end: chosen(points, kept.indices) };
}

/** The points of a pool with these indices. */
export const chosen = (points, indices) => ({ x: Float64Array.from(indices, (i) => points.x[i]), y: Float64Array.from(indices, (i) => points.y[i]) });

function ascent(world, { mean }, { given, knob }) {
  const end = climb(world, given, knob);
  const at = (step) => {
    const iteration = Math.min(end.path.length - 1, Math.round((ITERATIONS * step) / STEPS));
    return { iteration, ...end.path[iteration] };
  };
  return { at, knob, mean: end.mean, end, target: mean };
}

function dps(world, state, { given, knob }) {
  const frames = [];
  const end = energyDps(world, given, knob, (step, x, y) => frames.push({ x: Float32Array.from(x), y: Float32Array.from(y) }));
  return { at: (step) => frames[step], knob, mean: end.mean, end };
}

/** Smoothed TV of each method's points to the exact tilt, and of as many independent draws of it. */
function distances(world, points, tilt, found, seed) {
  const exact = smoothedSolution(world, tilt);
  const to = (sample) => smoothedTv(smoothedPoints(sample), exact);
  const of = (name) => (found[name].failed ? null : to(found[name].end));
  const floor = to(independentDraws(points, weightsOf(points.scores, tilt), RUNS, seed + 11));
  return { retrieval: of("retrieval"), ascent: of("ascent"), dps: of("dps"), floor };
}
