/**
 * A step along a line that lowers a function enough and flattens it: the search of More and Thuente (1994), with the
 * constants that L-BFGS-B uses.
 */

const DECREASE = 1e-3;
const CURVATURE = 0.9;
const WIDTH = 0.1;
const MOST = 20;

/** The minimiser of the cubic through two points with slopes, between them or beyond b. */
function cubic(a, b, theta, gamma) {
  return b.step + ((gamma - b.slope + theta) / (gamma - b.slope + gamma + a.slope)) * (a.step - b.step);
}

/** The next trial from the best point a, the other end b and the trial t; updates the interval. */
function trial(s, t, low, high) {
  const { a, b } = s;
  const sign = t.slope * Math.sign(a.slope);
  const theta = (3 * (a.value - t.value)) / (t.step - a.step) + a.slope + t.slope;
  const size = Math.max(Math.abs(theta), Math.abs(a.slope), Math.abs(t.slope));
  const root = size * Math.sqrt(Math.max(0, (theta / size) ** 2 - (a.slope / size) * (t.slope / size)));
  const secant = t.step + (t.slope / (t.slope - a.slope)) * (a.step - t.step);
  let next;
  if (t.value > a.value) {
    const gamma = t.step < a.step ? -root : root;
    const r = (gamma - a.slope + theta) / (gamma - a.slope + gamma + t.slope);
    const byCubic = a.step + r * (t.step - a.step);
    const rise = (a.value - t.value) / (t.step - a.step) + a.slope;
    const byParabola = a.step + (a.slope / rise / 2) * (t.step - a.step);
    next = Math.abs(byCubic - a.step) < Math.abs(byParabola - a.step) ? byCubic : byCubic + (byParabola - byCubic) / 2;
    s.bracketed = true;
  } else if (sign < 0) {
    const byCubic = cubic(a, t, theta, t.step > a.step ? -root : root);
    next = Math.abs(byCubic - t.step) > Math.abs(secant - t.step) ? byCubic : secant;
    s.bracketed = true;
  } else if (Math.abs(t.slope) < Math.abs(a.slope)) {
    const gamma = t.step > a.step ? -root : root;
    const r = (gamma - t.slope + theta) / (gamma + (a.slope - t.slope) + gamma);
    const byCubic = r < 0 && gamma !== 0 ? t.step + r * (a.step - t.step) : t.step > a.step ? high : low;
    const nearer = Math.abs(byCubic - t.step) < Math.abs(secant - t.step);
    next = nearer === s.bracketed ? byCubic : secant;
    if (s.bracketed) {
      const bound = t.step + 0.66 * (b.step - t.step);
      next = t.step > a.step ? Math.min(bound, next) : Math.max(bound, next);
    } else next = Math.max(low, Math.min(high, next));
  } else if (s.bracketed) {
    const about = (3 * (t.value - b.value)) / (b.step - t.step) + b.slope + t.slope;
    const largest = Math.max(Math.abs(about), Math.abs(b.slope), Math.abs(t.slope));
    const width = largest * Math.sqrt((about / largest) ** 2 - (b.slope / largest) * (t.slope / largest));
    next = cubic(b, t, about, t.step > b.step ? -width : width);
  } else next = t.step > a.step ? high : low;
  if (t.value > a.value) s.b = t;
  else {
    if (sign < 0) s.b = a;
    s.a = t;
  }
  return next;
}

/**
 * @param {(step: number) => {value: number, slope: number}} at the function along the line
 * @param {{value: number, slope: number}} start at step 0, with a negative slope
 * @param {number} first step to try
 * @param {number} longest step allowed
 * @returns {number|null} the step at which `at` was called last; null if none was found
 */
export function lineSearch(at, start, first, longest) {
  const demand = DECREASE * start.slope;
  const origin = { step: 0, value: start.value, slope: start.slope };
  const s = { a: origin, b: origin, bracketed: false };
  let [stage, step, low, high] = [1, first, 0, 5 * first];
  let [width, before] = [longest, 2 * longest];
  for (let tries = 0; tries < MOST; tries++) {
    const t = { step, ...at(step) };
    const allowed = start.value + step * demand;
    if (stage === 1 && t.value <= allowed && t.slope >= 0) stage = 2;
    const cornered = s.bracketed && (step <= low || step >= high || high - low <= WIDTH * high);
    if (cornered || (step === longest && t.value <= allowed && t.slope <= demand)) return step;
    if (t.value <= allowed && Math.abs(t.slope) <= -CURVATURE * start.slope) return step;
    if (stage === 1 && t.value <= s.a.value && t.value > allowed) {
      const lowered = (p) => ({ step: p.step, value: p.value - p.step * demand, slope: p.slope - demand });
      const raised = (p) => ({ step: p.step, value: p.value + p.step * demand, slope: p.slope + demand });
      [s.a, s.b] = [lowered(s.a), lowered(s.b)];
      step = trial(s, lowered(t), low, high);
      [s.a, s.b] = [raised(s.a), raised(s.b)];
    } else step = trial(s, t, low, high);
    if (s.bracketed) {
      const now = Math.abs(s.b.step - s.a.step);
      if (now >= 0.66 * before) step = s.a.step + 0.5 * (s.b.step - s.a.step);
      [before, width] = [width, now];
      [low, high] = [Math.min(s.a.step, s.b.step), Math.max(s.a.step, s.b.step)];
    } else [low, high] = [step + 1.1 * (step - s.a.step), step + 4 * (step - s.a.step)];
    step = Math.min(Math.max(step, 0), longest);
    if (s.bracketed && (step <= low || step >= high || high - low <= WIDTH * high)) step = s.a.step;
  }
  return null;
}
