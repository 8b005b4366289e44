/** Starts the page. */

import { AngularLaw } from "../core/law.js";
import { compare } from "../core/measures.js";
import { PAPER } from "../core/paper.js";

const { hard, tilt } = compare(new AngularLaw(PAPER), 5, PAPER.margin, PAPER.targetStep);
document.getElementById("lab").textContent =
  `At mean score 5 truncation costs ${hard.kl.toFixed(3)} nats, the tilt ${tilt.kl.toFixed(3)}.`;
