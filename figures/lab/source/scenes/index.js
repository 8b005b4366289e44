/** The eight scenes in order. */

import { edge } from "./edge.js";
import { feature } from "./feature.js";
import { makers } from "./makers.js";
import { nudge } from "./nudge.js";
import { own } from "./own.js";
import { prices } from "./prices.js";
import { words } from "./words.js";
import { world } from "./world.js";

export const SCENES = [feature, prices, edge, nudge, world, makers, words, own];

export const NAMES = SCENES.map((scene) => scene.id);
