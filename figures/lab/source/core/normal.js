/**
 * The bracket of the projected normal, to full double precision on both sides of 0.
 *
 * With phi and Phi the density and the distribution function of N(0, 1), the polar angle of N(mu, sigma^2 I) has the
 * density exp(-(mu . u)^2/(2 sigma^2)) [1 + D Phi(D)/phi(D)] times what depends on the miss distance, D = mu . u/sigma.
 */

const SERIES_END = 2;
const CERTAIN = 8.5;

/** Phi(x)/phi(x) - sqrt(pi/2) exp(x^2/2) for x >= 0: the odd series x + x^3/3 + x^5/15 + ..., all terms positive. */
function oddSeries(x) {
  let term = x;
  let sum = x;
  for (let k = 3; term > 1e-17 * sum; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return sum;
}

/** 1 - x M(x), M = (1 - Phi)/phi the Mills ratio, for x >= 0; no cancellation for large x. */
function fallingBracket(x) {
  if (x < SERIES_END) return 1 - x * (Math.sqrt(Math.PI / 2) * Math.exp((x * x) / 2) - oddSeries(x));
  // M = 1/(x + K) with the continued fraction K = 1/(x + 2/(x + 3/(x + ...))), so that 1 - x M = K/(x + K).
  let tail = x;
  for (let k = Math.ceil(400 / (x * x)) + 20; k >= 2; k--) tail = x + k / tail;
  const rest = 1 / tail;
  return rest / (x + rest);
}

/**
 * exp(-D^2/2) [1 + D Phi(D)/phi(D)].
 *
 * @param {number} D any number
 * @returns {number} positive; about sqrt(2 pi) D for large D, about exp(-D^2/2)/D^2 for large -D
 */
export function projectedBracket(D) {
  if (D < 0) return Math.exp(-0.5 * D * D) * fallingBracket(-D);
  if (D > CERTAIN) return Math.sqrt(2 * Math.PI) * D;
  const peak = Math.exp(-0.5 * D * D);
  return peak * (1 + D * oddSeries(D)) + Math.sqrt(Math.PI / 2) * D;
}
