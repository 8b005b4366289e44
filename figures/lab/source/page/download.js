/** Files that the page writes: weights as text or as .npy. */

import { element } from "./dom.js";

/**
 * A vector in NumPy's format, version 1.0, little-endian doubles.
 *
 * @param {Float64Array} values
 * @returns {Uint8Array}
 */
export function npyBytes(values) {
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${values.length},), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length + 8 * values.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), 10);
  const view = new DataView(bytes.buffer, 10 + length);
  values.forEach((value, i) => view.setFloat64(8 * i, value, true));
  return bytes;
}

/** Hands a file to the browser's downloads. */
export function save(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = element("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
