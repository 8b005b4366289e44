/** Which stage a scene plays on. */

import { Stage } from "./stage.js";

export const stageFor = (scene, lab) => new Stage(scene, lab);
