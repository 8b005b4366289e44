/** Text files of numbers: a line is an example, a column a feature; .csv, .tsv and .txt. */

import { LabError } from "./errors.js";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const NO_NUMBER = /^[+-]?(nan|inf|infinity)$/i;
const SEPARATORS = ["\t", ";", ","];
const SHOWN = 40;

const short = (text) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
const isNumber = (cell) => NUMBER.test(cell) || NO_NUMBER.test(cell);

/** The separator of a line: the first that occurs, else blanks where there are some, else none. */
function separatorOf(line) {
  return SEPARATORS.find((mark) => line.includes(mark)) ?? (/\S\s+\S/.test(line) ? /\s+/ : null);
}

function cellsOf(line, separator) {
  if (separator === null) return [line.trim()];
  return line.trim().split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

/**
 * Read a text file of numbers.
 *
 * The first line holds names if no cell of it is a number. A column whose first value is a word names examples and is
 * left out. Numbers have a decimal point.
 *
 * @param {string} name of the file, for errors
 * @param {ArrayBuffer} buffer its content, UTF-8
 * @returns {{rows: number, headed: boolean, names: string[], column: (j: number) => Float64Array}} the columns of numbers;
 *     `headed`: the first line holds names
 * @throws {LabError} with a sentence that says what is wrong
 */
export function readText(name, buffer) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(buffer);
  } catch {
    throw new LabError(`${name} is not text in UTF-8: it must be .npy, or a text file of numbers.`);
  }
  const lines = text.split(/\r\n|\n|\r/);
  while (lines.length > 0 && lines.at(-1).trim() === "") lines.pop();
  if (lines.length === 0) throw new LabError(`${name} is empty: it must hold at least one number.`);
  const separator = separatorOf(lines[0]);
  const first = cellsOf(lines[0], separator);
  const headed = !first.some(isNumber);
  const start = headed ? 1 : 0;
  if (start === lines.length) throw new LabError(`${name} holds no number: its only line is '${short(lines[0])}'.`);
  const sample = cellsOf(lines[start], separator);
  if (sample.length !== first.length) refuseLength(name, start, sample.length, first.length);
  const kept = sample.flatMap((cell, j) => (isNumber(cell) ? [j] : []));
  if (kept.length === 0) {
    throw new LabError(`${name}, line ${start + 1}: '${short(lines[start])}' holds no number with a decimal point.`);
  }
  const rows = lines.length - start;
  const column = (j) =>
    Float64Array.from({ length: rows }, (_, i) => numberAt(name, lines, start + i, separator, first.length, kept[j]));
  return { rows, headed, names: kept.map((j) => (headed && first[j] !== "" ? first[j] : `column ${j + 1}`)), column };
}

function numberAt(name, lines, at, separator, width, j) {
  const cells = cellsOf(lines[at], separator);
  if (cells.length !== width) refuseLength(name, at, cells.length, width);
  const cell = cells[j];
  if (NUMBER.test(cell)) return Number(cell);
  const found = cell === "" ? "an empty cell" : `'${short(cell)}'`;
  throw new LabError(`${name}, line ${at + 1}: ${found} is no finite number with a decimal point.`);
}

function refuseLength(name, at, found, wanted) {
  throw new LabError(`${name}, line ${at + 1}: ${found} cells, but the first line has ${wanted}.`);
}
