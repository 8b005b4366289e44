/** Numbers as the page writes them: fixed decimals, so that nothing jumps while a slider moves. */

const MINUS = "\u2212";

/** A number with so many decimals, a true minus sign, and "∞" or "–" where there is no finite number. */
export function fixed(value, decimals) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** Nats: three decimals. */
export const nats = (value) => fixed(value, 3);

/** Nats with four decimals, where a sum is shown. */
export const fine = (value) => fixed(value, 4);

/** A score, or a mean of scores: two decimals. */
export const score = (value) => fixed(value, 2);

/** A share as a percentage. */
export const percent = (value, decimals = 2) =>
  Number.isFinite(value) ? `${fixed(100 * value, decimals)}\u00a0%` : "–";

/** How many times: two decimals below ten, one below a hundred. */
export const times = (value) => fixed(value, value < 10 ? 2 : value < 100 ? 1 : 0);

/** A whole number with thin spaces between thousands. */
export const whole = (value) =>
  Number.isFinite(value) ? fixed(Math.round(value), 0).replace(/\B(?=(\d{3})+$)/g, "\u2009") : fixed(value, 0);

/** Four significant digits for scores of any size, as on own files. */
export function short(value) {
  if (!Number.isFinite(value)) return fixed(value, 0);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace("-", MINUS);
  const digits = size === 0 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(size)));
  return fixed(value, Math.min(digits, 5));
}

export const FORMATS = { nats, fine, score, percent, times, whole, short, count: whole };
