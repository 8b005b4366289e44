/** Numbers compared as the project compares them: relative to what is expected, with a named floor for rounding at 0. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** Relative agreement that every number of the page must reach. */
export const RELATIVE = 1e-9;
/** Absolute rounding of a difference of masses or nats that is itself near 0. */
export const FLOOR = 1e-14;

/** What `theory` and `toy` computed. */
export const reference = JSON.parse(readFileSync(new URL("./reference.json", import.meta.url), "utf8"));

/** Collects comparisons, so that a failure shows all of them. */
export class Comparison {
  constructor(name) {
    this.name = name;
    this.count = 0;
    this.worst = 0;
    this.failures = [];
  }

  /** One number, or null on both sides. */
  number(what, found, expected, relative = RELATIVE, floor = FLOOR) {
    this.count++;
    if (expected === null || found === null || found === undefined) {
      if (found !== expected) this.failures.push(`${what}: ${found}, not ${expected}`);
      return;
    }
    const error = Math.abs(found - expected);
    if (Math.abs(expected) > floor / relative) this.worst = Math.max(this.worst, error / Math.abs(expected));
    if (!(error <= relative * Math.abs(expected) + floor)) this.failures.push(`${what}: ${found}, not ${expected}`);
  }

  /** Arrays of numbers of one length. */
  numbers(what, found, expected, relative = RELATIVE, floor = FLOOR) {
    if (expected === null || found === null) return this.number(what, found, expected);
    if (found.length !== expected.length) this.failures.push(`${what}: ${found.length} numbers, not ${expected.length}`);
    expected.forEach((value, i) => this.number(`${what}[${i}]`, found[i], value, relative, floor));
  }

  /** Fail with all that differs; `least` numbers must have been compared. */
  end(least = 1) {
    assert.ok(this.count >= least, `${this.name}: ${this.count} numbers compared, at least ${least} expected`);
    assert.deepEqual(this.failures.slice(0, 20), [], `${this.name}: ${this.failures.length} of ${this.count} differ`);
  }
}
