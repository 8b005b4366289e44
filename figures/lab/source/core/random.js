/** Random numbers from a seed, the same on every machine: the small fast counting generator sfc32. */

/**
 * @param {number} seed a whole number
 * @returns {() => number} uniform numbers in [0, 1) with 53 digits
 */
export function random(seed) {
  let [a, b, c, d] = [seed >>> 0, (seed / 4294967296) >>> 0, 0x9e3779b9, 1];
  const bits = () => {
    const out = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + out;
    return out >>> 0;
  };
  for (let i = 0; i < 16; i++) bits();
  return () => ((bits() >>> 5) * 67108864 + (bits() >>> 6)) / 9007199254740992;
}

/**
 * Independent standard normal numbers, in pairs by the method of Box and Muller.
 *
 * @param {number} count how many
 * @param {() => number} next uniform numbers in [0, 1)
 * @returns {Float64Array}
 */
export function normals(count, next) {
  const out = new Float64Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < count) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** A random order of 0, ..., n - 1 (Fisher and Yates). */
export function shuffled(n, next) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
