/** The example in the place of an own file: scores with the law Gamma(1/2), a heavy tail over a peak at 0. */

import { normals, random } from "./random.js";

/** Its number of scores and its seed. */
export const EXAMPLE = Object.freeze({ n: 100_000, seed: 8 });

/** Half the squares of normal numbers: Gamma(1/2). */
export function exampleScores(n = EXAMPLE.n, seed = EXAMPLE.seed) {
  return normals(n, random(seed)).map((z) => 0.5 * z * z);
}
