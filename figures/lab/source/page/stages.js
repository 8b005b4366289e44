/** Which stage a scene plays on. */

import { MakersStage } from "./makers.js";
import { Stage } from "./stage.js";
import { WordsStage } from "./words.js";

const SPECIAL = { makers: MakersStage, words: WordsStage };

export const stageFor = (scene, lab) => new (SPECIAL[scene.id] ?? Stage)(scene, lab);
