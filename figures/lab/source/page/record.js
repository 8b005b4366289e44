/** The smallest ratio of the two KLs that the learner has reached, kept while the page is open. */

import { element, write } from "./dom.js";
import { times } from "./format.js";

let smallest = Infinity;

export class Record {
  constructor() {
    this.node = element("p", { class: "below", "data-part": "record" });
  }

  update({ level, revealed }) {
    if (!revealed) return write(this.node, "");
    const { hard, tilt } = level;
    if (hard.status !== "inactive" && tilt.kl > 0) smallest = Math.min(smallest, hard.kl / tilt.kl);
    return write(this.node, Number.isFinite(smallest) ? `Your smallest ratio so far: ${smallest < 1.1 ? smallest.toFixed(4) : times(smallest)}` : "");
  }
}
