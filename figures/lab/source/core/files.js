/** Own activations: a file dropped on the page becomes a column of finite numbers, or a sentence that says why not. */

import { LabError } from "./errors.js";
import { readNpy } from "./npy.js";
import { readText } from "./text.js";

/** The most examples that the page takes. */
export const MOST = 1_000_000;

/**
 * Read a file; its name decides how.
 *
 * @param {string} name with its ending: .npy, .csv, .tsv or .txt
 * @param {ArrayBuffer} buffer its content
 * @returns {{name: string, rows: number, names: string[], column: (j: number) => Float64Array}} where `names` has more
 *     than one entry the reader of the page chooses a column
 * @throws {LabError} for another ending, a content that does not fit it, no example or more than a million
 */
export function readActivations(name, buffer) {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1].toLowerCase();
  const read = { npy: readNpy, csv: readText, tsv: readText, txt: readText }[ending];
  if (!read) throw new LabError(`${name}: the page reads .npy, .csv, .tsv and .txt files.`);
  const table = read(name, buffer);
  if (table.rows === 0 || table.names.length === 0) throw new LabError(`${name} is empty: it must hold at least one number.`);
  if (table.rows > MOST) {
    throw new LabError(`${name} has ${table.rows} examples: at most ${MOST}. \`dview report\` takes more.`);
  }
  return { name, ...table };
}

/**
 * The scores in a column.
 *
 * @param {object} table from `readActivations`
 * @param {number} [j] which column; may be left out where there is one
 * @returns {Float64Array} finite
 * @throws {LabError} if the column is not chosen, or a number is not finite
 */
export function scoresOf(table, j) {
  const { name, names } = table;
  if (j === undefined && names.length > 1) {
    throw new LabError(`${name} has ${names.length} columns of numbers (${names.slice(0, 4).join(", ")}…): choose one.`);
  }
  const column = j ?? 0;
  if (!(column in names)) throw new LabError(`${name} has no column ${column + 1}: it has ${names.length}.`);
  const scores = table.column(column);
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0) throw new LabError(`${name}, example ${bad + 1}: ${scores[bad]} is not a finite number.`);
  return scores;
}

/**
 * The weights as a text file: a line an example, in the order of the file that was read.
 *
 * @param {ArrayLike<number>} scores
 * @param {Float64Array} topk weights of the truncation
 * @param {Float64Array} tilt weights of the tilt
 * @returns {string} columns example (from 0), score, truncation, tilt
 */
export function weightsText(scores, topk, tilt) {
  const lines = ["example,score,truncation,tilt"];
  for (let i = 0; i < scores.length; i++) lines.push(`${i},${scores[i]},${topk[i]},${tilt[i]}`);
  return `${lines.join("\n")}\n`;
}
