/** NumPy's .npy files: numbers of any usual type, in either byte order, in C or Fortran order. */

import { LabError } from "./errors.js";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** A half-precision number from its 16 bits. */
function half(bits) {
  const [sign, exponent, digits] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return digits ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? digits * 2 ** -24 : (1024 + digits) * 2 ** (exponent - 25));
}

/** Type code of the header -> bytes a number, and how one is read from a DataView. */
const TYPES = {
  f2: [2, (view, at, little) => half(view.getUint16(at, little))],
  f4: [4, (view, at, little) => view.getFloat32(at, little)],
  f8: [8, (view, at, little) => view.getFloat64(at, little)],
  i1: [1, (view, at) => view.getInt8(at)],
  i2: [2, (view, at, little) => view.getInt16(at, little)],
  i4: [4, (view, at, little) => view.getInt32(at, little)],
  i8: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  u1: [1, (view, at) => view.getUint8(at)],
  u2: [2, (view, at, little) => view.getUint16(at, little)],
  u4: [4, (view, at, little) => view.getUint32(at, little)],
  u8: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
};

function headerOf(name, buffer) {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new LabError(`${name} is not a .npy file: it does not begin as NumPy writes it.`);
  }
  const view = new DataView(buffer);
  const wide = bytes[6] > 1;
  if (wide && bytes.length < 12) throw new LabError(`${name} ends inside its header: the file is incomplete.`);
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (start + length > bytes.length) throw new LabError(`${name} ends inside its header: the file is incomplete.`);
  return { text: new TextDecoder("latin1").decode(bytes.subarray(start, start + length)), data: start + length };
}

/**
 * Read a .npy file.
 *
 * @param {string} name of the file, for errors
 * @param {ArrayBuffer} buffer its content
 * @returns {{rows: number, names: string[], column: (j: number) => Float64Array}} an array of shape (n,) is one column
 * @throws {LabError} with a sentence that says what is wrong
 */
export function readNpy(name, buffer) {
  const { text, data } = headerOf(name, buffer);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const fortran = /'fortran_order'\s*:\s*True/.test(text);
  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(text)?.[1];
  const code = /^[<>|=]?([a-z]\d+)$/.exec(descr ?? "")?.[1];
  if (!(code in TYPES)) {
    const kind = descr === undefined ? "records or no type at all" : `the type '${descr}'`;
    throw new LabError(`${name} holds ${kind}: it must hold real numbers (float16 to float64, or integers).`);
  }
  const sizes = (shape ?? "").split(",").filter((part) => part.trim() !== "").map(Number);
  if (sizes.length < 1 || sizes.length > 2 || sizes.some((size) => !Number.isInteger(size) || size < 0)) {
    throw new LabError(`${name} has the shape (${shape}): it must have one axis, or two (a column is a feature).`);
  }
  const [rows, columns] = [sizes[0], sizes[1] ?? 1];
  const [width, read] = TYPES[code];
  const there = Math.floor((buffer.byteLength - data) / width);
  if (there < rows * columns) {
    throw new LabError(`${name} should hold ${rows * columns} numbers and ends after ${there}: the file is incomplete.`);
  }
  const view = new DataView(buffer, data);
  const little = descr[0] !== ">";
  const at = fortran ? (i, j) => j * rows + i : (i, j) => i * columns + j;
  return {
    rows,
    names: Array.from({ length: columns }, (_, j) => `column ${j + 1}`),
    column: (j) => Float64Array.from({ length: rows }, (_, i) => read(view, at(i, j) * width, little)),
  };
}
