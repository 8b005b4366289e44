/** Sums of long arrays whose rounding does not grow with their length. */

/**
 * Sums from the end: out[i] = terms[i] + terms[i + 1] + ..., each to about one rounding (Neumaier's compensation).
 *
 * @param {Float64Array} terms
 * @returns {Float64Array} one number more than `terms`; the last is 0
 */
export function sumsFromEnd(terms) {
  const out = new Float64Array(terms.length + 1);
  let [total, lost] = [0, 0];
  for (let i = terms.length - 1; i >= 0; i--) {
    const after = total + terms[i];
    lost += Math.abs(total) >= Math.abs(terms[i]) ? total - after + terms[i] : terms[i] - after + total;
    total = after;
    out[i] = total + lost;
  }
  return out;
}

/** The first index in an ascending array whose value is >= level (> level if `after`). */
export function firstAt(values, level, after = false) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < level || (after && values[middle] === level)) low = middle + 1;
    else high = middle;
  }
  return low;
}
