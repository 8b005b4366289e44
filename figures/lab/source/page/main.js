/** Starts the page. */

import { showErrors } from "./errors.js";
import { Lab } from "./lab.js";

showErrors();
window.lab = new Lab(document.getElementById("lab"));
