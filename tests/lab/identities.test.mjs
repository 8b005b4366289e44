/** Identities of random pools, each side by a way of its own: sums over the pool's weights. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readActivations, scoresOf } from "../../figures/lab/source/core/files.js";
import { calibrateHard, calibrateTilt } from "../../figures/lab/source/core/solutions.js";
import { klBetween, tvBetween } from "../../figures/lab/source/core/measures.js";
import { PoolLaw } from "../../figures/lab/source/core/pool.js";
import { random } from "../../figures/lab/source/core/random.js";
import { effectiveSize, weightsOf } from "../../figures/lab/source/core/weights.js";

const close = (found, expected, what) => assert.ok(Math.abs(found - expected) <= 1e-9 * (1 + Math.abs(expected)), `${what}: ${found}, not ${expected}`);
const total = (values) => values.reduce((sum, value) => sum + value, 0);
const klOf = (q, r) => total(Array.from(q, (mass, i) => (mass > 0 ? mass * Math.log(mass / r[i]) : 0)));
const tvOf = (q, r) => total(Array.from(q, (mass, i) => Math.abs(mass - r[i]))) / 2;

/** Pools with ties, negative scores and zeros. */
function pools() {
  const draw = random(11);
  return Array.from({ length: 12 }, (_, n) => Float64Array.from({ length: 40 + n }, () => Math.round(20 * draw() * draw() - 3) / (1 + (n % 4))));
}

pools().forEach((scores, n) => {
  test(`pool ${n}: KL, TV and effective size are those of the weights`, () => {
    const law = new PoolLaw(scores);
    const levels = [0.15, 0.4, 0.8].map((share) => law.mean + share * (law.essSup - law.mean));
    const q = levels.map((level) => [calibrateHard(law, level), calibrateTilt(law, level)]).flat();
    const weights = q.map((one) => weightsOf(scores, one));
    q.forEach((one, i) => {
      close(total(weights[i]), 1, "sum");
      close(total(weights[i].map((w, j) => w * scores[j])), levels[i >> 1], "mean");
      close(effectiveSize(law, one), 1 / total(weights[i].map((w) => w * w)), "effective size");
      q.forEach((other, j) => {
        close(tvBetween(one, other), tvOf(weights[i], weights[j]), `TV ${i} ${j}`);
        const expected = klOf(weights[i], weights[j]);
        if (Number.isFinite(expected)) close(klBetween(one, other), expected, `KL ${i} ${j}`);
        else assert.equal(klBetween(one, other), Infinity);
      });
    });
    for (const i of [0, 2, 4]) close(klBetween(q[i], q[i + 1]), q[i].kl - q[i + 1].kl, "the gap, Theorem D.14");
  });
});

const bytes = (text) => new TextEncoder().encode(text).buffer;

/** A .npy file of these numbers. */
function npy(descr, write, values, { fortran = "False", shape = `${values.length},` } = {}) {
  const [width, put] = write;
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`.padEnd(117) + "\n";
  const buffer = new ArrayBuffer(10 + header.length + width * values.length);
  new Uint8Array(buffer).set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  new Uint8Array(buffer).set(new TextEncoder().encode(header), 10);
  values.forEach((value, i) => put(new DataView(buffer, 10 + header.length), i * width, value));
  return buffer;
}

const KINDS = {
  "<f8": [8, (view, at, value) => view.setFloat64(at, value, true)],
  ">f8": [8, (view, at, value) => view.setFloat64(at, value, false)],
  "<f4": [4, (view, at, value) => view.setFloat32(at, value, true)],
  "<f2": [2, (view, at, value) => view.setUint16(at, { 1: 0x3c00, 2: 0x4000, "-3": 0xc200 }[value], true)],
  "|i1": [1, (view, at, value) => view.setInt8(at, value)],
  ">i2": [2, (view, at, value) => view.setInt16(at, value, false)],
  "<i4": [4, (view, at, value) => view.setInt32(at, value, true)],
  "<i8": [8, (view, at, value) => view.setBigInt64(at, BigInt(value), true)],
};

for (const [descr, write] of Object.entries(KINDS)) {
  test(`.npy of ${descr}`, () => {
    assert.deepEqual([...scoresOf(readActivations("x.npy", npy(descr, write, [1, 2, -3])))], [1, 2, -3]);
  });
}

test(".npy in two orders", () => {
  const both = { "2, 3": ["False", [1, 4]], " 2, 3": ["True", [1, 2]] };
  for (const [shape, [fortran, first]] of Object.entries(both)) {
    const table = readActivations("x.npy", npy("<i4", KINDS["<i4"], [1, 2, 3, 4, 5, 6], { fortran, shape }));
    assert.equal(table.names.length, 3);
    assert.deepEqual([...scoresOf(table, 0)], first);
    assert.throws(() => scoresOf(table), /x.npy has 3 columns of numbers .*: choose one/);
    assert.throws(() => scoresOf(table, 3), /x.npy has no column 4: it has 3/);
  }
});

test("text: headers, separators, words, ends of lines", () => {
  for (const text of ["a\n1\n2\n", "1\r\n2\r\n", "f;a\nx;1\ny;2", "f\ta\nx\t1\ny\t2\n\n", " 1.0\n2e0\n"]) {
    const table = readActivations("x.csv", bytes(text));
    assert.deepEqual([...scoresOf(table)], [1, 2], text);
  }
  assert.throws(() => readActivations("x.csv", bytes("a,b\n1,2\n3\n")).column(0), /line 3: 1 cells, but the first line has 2/);
  assert.throws(() => readActivations("x.csv", new Uint8Array([0xff, 0xfe, 0x31]).buffer), /is not text in UTF-8/);
});
