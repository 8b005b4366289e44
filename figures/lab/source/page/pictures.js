/** What each picture of the mixture's world shows: p, the truncation, the tilt, a word. */

import { fixed, percent, score } from "./format.js";
import { POOL, SHOWN, shown } from "./model.js";
import { deviationOf, rays, wedges } from "./plane.js";
import { mark, swap } from "./swaps.js";

const everyFifth = (lots) => Uint8Array.from(lots, (lot) => (lot < SHOWN / POOL ? 1 : 0));

/** Kind of picture -> its title, frame and content. */
export const PICTURES = {
  prior: { title: "p, natural images", score: true, content: prior },
  truncation: { title: "Truncation", content: truncation },
  tilt: { title: "Tilt", content: tilt },
};

export function ground({ points, lots }, colour = "ghost") {
  return { ...points, flags: everyFifth(lots), colour };
}

function cut(world) {
  const [line] = rays(world, 0, { stroke: "var(--soft)", "stroke-width": 0.06, "stroke-dasharray": "0.2 0.15" });
  return line;
}

function prior(view) {
  const { world, law } = view;
  return {
    layers: [ground(view, "prior")],
    lines: [cut(world)],
    caption: `Mean score ${score(law.mean)}. The frame shows ψ: pale 0 (dashed line), dark ${score(world.top)}.`,
  };
}

function truncation(view) {
  const { level, world, points, lots, revealed, scene } = view;
  const { hard } = level;
  if (hard.status === "inactive") return { layers: [ground(view, "truncation")], caption: "p has this mean already: all of it is kept." };
  const lines = rays(world, deviationOf(world, hard.threshold), { stroke: "var(--truncation)", "stroke-width": 0.07 });
  if (scene.shell) lines.unshift(...shell(view));
  const swapped = swapping(view) && exchange(view, "hard", "truncation");
  if (swapped) return { ...swapped, lines: [...lines, ...swapped.lines] };
  const flags = shown(points, lots, (y) => hard.ratio(y), 1 / hard.kept);
  const kept = scene.hidden.includes("kept") && !revealed ? "" : `, ${percent(hard.kept, 1)} of p`;
  return { layers: [ground(view), { ...points, flags, colour: "truncation" }], lines, caption: `keeps ψ ≥ ${score(hard.threshold)}${kept}` };
}

function tilt(view) {
  const { level, world, points, lots, scene } = view;
  const { tilt: soft, hard } = level;
  if (soft.status === "inactive") return { layers: [ground(view, "tilt")], caption: "p has this mean already: β = 0, no weight changes." };
  const lines = scene.shell && hard.status !== "inactive" ? shell(view) : [];
  const swapped = swapping(view) && exchange(view, "tilt", "tilt");
  if (swapped) return swapped;
  const flags = shown(points, lots, (y) => soft.ratio(y), soft.ratio(world.top));
  return { layers: [ground(view), { ...points, flags, colour: "tilt" }], lines, caption: `weighs by exp(${fixed(soft.multiplier, 3)}\u2009ψ)` };
}

const swapping = ({ scene, state, revealed }) => scene.swaps && state.nudge && revealed;

/** Which of 1000 draws a nudge replaces; null where it leads out of reach. */
function exchange(view, law, colour) {
  const found = swap(view, law);
  if (!found) return null;
  const { points } = view;
  const flags = new Uint8Array(points.n);
  for (const i of found.stay) flags[i] = 1;
  const marks = (indices, comes) => indices.map((i) => mark(points.x[i], points.y[i], comes, colour));
  return {
    layers: [ground(view), { ...points, flags, colour }],
    lines: [...marks(found.leave, false), ...marks(found.come, true)],
    caption: `of 1000 draws ${found.leave.length} leave (rings), ${found.come.length} come (squares)`,
    counts: { leave: found.leave.length, come: found.come.length },
  };
}

/** The shell above the threshold, as two wedges. */
function shell({ world, level }) {
  const { threshold } = level.hard;
  const from = deviationOf(world, threshold);
  const to = deviationOf(world, Math.min(world.top, threshold + world.margin));
  return wedges(world, from, to, { fill: "var(--ink)", "fill-opacity": 0.75 });
}
