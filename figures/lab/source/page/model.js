/** What the page computes, remembered until what it depends on changes. */

import { equalEdges, histogramOf } from "../core/histogram.js";
import { AngularLaw } from "../core/law.js";
import { compare } from "../core/measures.js";
import { PAPER, PAPER_SETTINGS } from "../core/paper.js";
import { random } from "../core/random.js";
import { drawOffsets, makeWorld, placePoints } from "../core/world.js";

/** Points of the pool that stands for p. */
export const POOL = 20_000;
/** Points of each explanation that a picture shows. */
export const SHOWN = 4_000;
/** Bins of the histogram. */
export const BINS = 40;
/** Means that the slider can take. */
export const RANGE = { low: 4.1, high: 7.8, step: 0.01 };

/** The last result of a function of one key. */
function remembered(make) {
  let [last, value] = [undefined, undefined];
  return (key, ...rest) => {
    if (key !== last) [last, value] = [key, make(key, ...rest)];
    return value;
  };
}

/** A world with its law and histogram, and its two solutions at any mean (the last few are kept). */
export class Setting {
  /** @param {object} world from `makeWorld` */
  constructor(world) {
    this.world = world;
    this.law = new AngularLaw(world);
    this._levels = new Map();
  }

  get histogram() {
    this._histogram ??= histogramOf(this.law, equalEdges(this.law, BINS));
    return this._histogram;
  }

  /** What `compare` says at a mean, of the truncation and the tilt. */
  level(mean) {
    if (!this._levels.has(mean)) {
      if (this._levels.size > 200) this._levels.clear();
      this._levels.set(mean, compare(this.law, mean, this.world.margin, this.world.targetStep));
    }
    return this._levels.get(mean);
  }
}

/** The paper's world, whatever the learner does; prose with `@` speaks of it. */
export const PAPER_SETTING = new Setting(PAPER);

/** The learner's world, its pool, and which points a picture shows. */
export class Model {
  constructor() {
    this._offsets = remembered((seed) => drawOffsets(POOL, seed));
    this._lots = remembered((seed) => Float64Array.from({ length: POOL }, random(seed + 1_000_003)));
    this._setting = remembered((key, modes) =>
      key === JSON.stringify(PAPER_SETTINGS.modes) ? PAPER_SETTING : new Setting(makeWorld({ ...PAPER_SETTINGS, modes })),
    );
    this._points = remembered((key, world, seed) => placePoints(world, this._offsets(seed)));
  }

  /** Everything that a state determines. */
  view(state) {
    const key = JSON.stringify(state.modes);
    const setting = this._setting(key, state.modes);
    const points = this._points(`${key} ${state.seed}`, setting.world, state.seed);
    return { setting, world: setting.world, law: setting.law, points, lots: this._lots(state.seed), level: setting.level(state.mean) };
  }
}

/**
 * Which points of the pool a picture of a solution shows: each with a probability in proportion to its density ratio.
 *
 * A point has one lot for all pictures, so that few points change when a solution changes little. Where the ratio is
 * too large for the pool, all shares are smaller: the picture thins out but keeps its shape.
 *
 * @param {{scores: Float64Array}} points
 * @param {Float64Array} lots in [0, 1)
 * @param {(score: number) => number} ratio dq/dp at a score
 * @param {number} largest the largest ratio
 * @returns {Uint8Array} 1 where a point is shown
 */
export function shown(points, lots, ratio, largest) {
  const share = Math.min(SHOWN / POOL, 1 / largest);
  return Uint8Array.from(lots, (lot, i) => (lot < share * ratio(points.scores[i]) ? 1 : 0));
}
