/** One picture: a title, a square with points, lines drawn over it, handles, and a caption. */

import { drawn, element, set, write } from "./dom.js";
import { Painter, REACH, inPlane } from "./painter.js";

/** Coordinates of the overlay: the plane, y downwards. */
const VIEW = `${-REACH} ${-REACH} ${2 * REACH} ${2 * REACH}`;
const FAR = 3 * REACH;

export class Plane {
  /**
   * @param {{kind: string, title: string, score?: boolean, place?: Function}} options `score` frames it in shades of psi
   */
  constructor({ kind, title, score = false, place = inPlane }) {
    this.place = place;
    this.canvas = element("canvas", { role: "img", "aria-label": title });
    this.painter = new Painter(this.canvas);
    this.overlay = drawn("svg", { viewBox: VIEW, "aria-hidden": "true" });
    this.handles = element("div", { class: "handles" });
    this.caption = element("p", { class: "caption" });
    this.node = element(
      "figure",
      { class: "plane", "data-kind": kind },
      element("p", { class: "title" }, ...heading(title)),
      element("div", { class: "frame", "data-score": score }, this.canvas, this.overlay, this.handles),
      this.caption,
    );
  }

  /**
   * @param {{layers: object[], lines?: SVGElement[], caption: string, described?: string}} content the caption is read
   *     out as the picture's name, with `described` in its place if given
   */
  update({ layers, lines = [], caption, described }) {
    this.painter.paint(layers, this.place);
    this.overlay.replaceChildren(...lines);
    write(this.caption, caption);
    set(this.canvas, "aria-label", described ?? caption);
  }
}

/** A title; what follows its comma is left out on narrow screens. */
function heading(title) {
  const [head, ...rest] = title.split(/(?=, )/);
  return rest.length ? [element("span", {}, head, element("span", { class: "more" }, rest.join("")))] : [title];
}

/** Rays from the origin where the score has the value of a deviation from the direction of 0. */
export function rays(world, deviation, attributes) {
  return [1, -1].map((side) => {
    const angle = world.direction + side * deviation;
    return drawn("line", { x1: 0, y1: 0, x2: FAR * Math.cos(angle), y2: -FAR * Math.sin(angle), ...attributes });
  });
}

/** The two wedges between two deviations. */
export function wedges(world, from, to, attributes) {
  return [1, -1].map((side) => {
    const corner = (d) => {
      const angle = world.direction + side * d;
      return `${FAR * Math.cos(angle)},${-FAR * Math.sin(angle)}`;
    };
    return drawn("polygon", { points: `0,0 ${corner(from)} ${corner(to)}`, ...attributes });
  });
}

/** The deviation, in radians, at which the score has a level: psi = scale (1 - cos d). */
export const deviationOf = (world, level) => Math.acos(Math.max(-1, Math.min(1, 1 - level / world.scoreScale)));
