/** Many small points on a canvas, pixel by pixel: 20 000 in a few milliseconds. */

import { palette } from "./theme.js";

const OPACITY = 0.6;

/** Half the side of the square of the plane that a picture shows (length). */
export const REACH = 5.6;

/** A canvas that paints layers of points; its size follows its place on the page. */
export class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.image = null;
  }

  /** Takes the size that the page gives the canvas, in the pixels of the screen (at most two per CSS pixel). */
  fit() {
    const scale = Math.min(2, window.devicePixelRatio || 1);
    const side = Math.max(1, Math.round(this.canvas.clientWidth * scale));
    if (this.image && this.canvas.width === side && this.canvas.height === side) return;
    this.canvas.width = this.canvas.height = side;
    this.image = this.context.createImageData(side, side);
    this.dot = Math.max(2, Math.round((side / 280) * 1.7));
  }

  /**
   * @param {Array<{x: ArrayLike<number>, y: ArrayLike<number>, flags?: Uint8Array, colour: string, n?: number}>} layers
   *     bottom first; with flags, a point is painted where its flag is 1
   * @param {(x: number, y: number) => [number, number]} place from coordinates to [0, 1] x [0, 1], y downwards
   */
  paint(layers, place = inPlane) {
    this.fit();
    const { image, dot } = this;
    const { data, width } = image;
    const [r, g, b] = palette().card;
    new Uint32Array(data.buffer).fill((255 << 24) | (b << 16) | (g << 8) | r);
    for (const { x, y, flags, colour, n = x.length } of layers) {
      const [red, green, blue] = palette()[colour];
      for (let i = 0; i < n; i++) {
        if (flags && !flags[i]) continue;
        const [u, v] = place(x[i], y[i]);
        const left = Math.round(u * width - dot / 2);
        const top = Math.round(v * width - dot / 2);
        if (left < 0 || top < 0 || left + dot > width || top + dot > width) continue;
        for (let row = top; row < top + dot; row++) {
          for (let at = 4 * (row * width + left), end = at + 4 * dot; at < end; at += 4) {
            data[at] += OPACITY * (red - data[at]);
            data[at + 1] += OPACITY * (green - data[at + 1]);
            data[at + 2] += OPACITY * (blue - data[at + 2]);
          }
        }
      }
    }
    this.context.putImageData(image, 0, 0);
  }
}

/** The square of the plane, x to the right and y upwards. */
export const inPlane = (x, y) => [0.5 + (0.5 * x) / REACH, 0.5 - (0.5 * y) / REACH];
