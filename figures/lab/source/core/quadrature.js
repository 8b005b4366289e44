/** Gauss-Legendre nodes and weights on [-1, 1], by Newton's method on the Legendre polynomial. */

/** Nodes of a panel. */
export const ORDER = 16;

/** The value and the slope of the Legendre polynomial of this degree. */
function legendre(degree, x) {
  let before = 1;
  let value = x;
  for (let k = 2; k <= degree; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return [value, (degree * (before - x * value)) / (1 - x * x)];
}

/**
 * @param {number} degree number of nodes
 * @returns {{nodes: Float64Array, weights: Float64Array}} ascending nodes; the weights sum to 2
 */
export function gaussLegendre(degree) {
  const nodes = new Float64Array(degree);
  const weights = new Float64Array(degree);
  for (let i = 0; i < degree; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (degree + 0.5));
    for (let step = 0; step < 8; step++) {
      const [value, slope] = legendre(degree, x);
      x -= value / slope;
    }
    nodes[i] = x;
    weights[i] = 2 / ((1 - x * x) * legendre(degree, x)[1] ** 2);
  }
  return { nodes, weights };
}

/** The rule that all panels use. */
export const RULE = gaussLegendre(ORDER);
