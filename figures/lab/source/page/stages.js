/** Which stage a scene plays on. */

import { MakersStage } from "./makers.js";
import { OwnStage } from "./own.js";
import { Stage } from "./stage.js";
import { WordsStage } from "./words.js";

const SPECIAL = { makers: MakersStage, own: OwnStage, words: WordsStage };

export const stageFor = (scene, lab) => new (SPECIAL[scene.id] ?? Stage)(scene, lab);
