/**
 * The lab's prose: `**strong**`, `*emphasis*`, and `{...}` where a number is computed.
 *
 * `{kl.hard}` is that quantity where the page stands; `{kl.hard@5}` is the same in the paper's world at mean 5;
 * `{kl.hard@5:times}` chooses a format of `format.js`. No number that depends on the world is typed.
 */

import { element } from "./dom.js";

const PIECE = /\*\*(.+?)\*\*|\*(.+?)\*|\{([^}]+)\}/g;
const TOKEN = /^([a-z.A-Z]+)(?:@([\d.]+))?(?::([a-z]+))?$/;

/** A token's parts: `{kl.hard@5:nats}` -> { name, at, format }. */
export function token(text) {
  const found = TOKEN.exec(text);
  if (!found) throw new Error(`{${text}}: must be {name}, {name@mean} or {name@mean:format}`);
  return { name: found[1], at: found[2] === undefined ? null : Number(found[2]), format: found[3] ?? null };
}

/** All tokens in a text. */
export const tokens = (text) => [...text.matchAll(/\{([^}]+)\}/g)].map((found) => token(found[1]));

/** Nodes for a text; `numberOf(token)` gives the string in a token's place. */
export function nodes(text, numberOf) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(PIECE)) {
    out.push(text.slice(at, found.index));
    const [, strong, emphasis, number] = found;
    if (strong !== undefined) out.push(element("strong", {}, ...nodes(strong, numberOf)));
    else if (emphasis !== undefined) out.push(element("em", {}, ...nodes(emphasis, numberOf)));
    else out.push(element("span", { class: "number", "data-token": number }, numberOf(token(number))));
    at = found.index + found[0].length;
  }
  out.push(text.slice(at));
  return out.filter((node) => node !== "");
}

/** A paragraph. */
export const paragraph = (text, numberOf, attributes = {}) => element("p", attributes, ...nodes(text, numberOf));
