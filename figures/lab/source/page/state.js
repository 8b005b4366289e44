/**
 * What the page shows, as one object, and the same as an address: `#scene=prices&mean=5`.
 *
 * A teacher sends an address. Answers are never part of it. Fields that have their usual value are left out.
 */

/** Parts of the page that `hide=` can remove, for a lesson that needs less. */
export const HIDEABLE = ["story", "controls", "histogram", "numbers", "curve", "question"];

const FIELDS = {
  scene: { read: (text, { scenes }) => (scenes.includes(text) ? text : null), write: (value) => value },
  mean: { read: finite, write: (value) => trim(value, 4) },
  nudge: { read: (text) => (text === "1" ? true : text === "0" ? false : null), write: (value) => (value ? "1" : "0") },
  modes: { read: readModes, write: (value) => value.map((mode) => mode.map((v) => trim(v, 3)).join(",")).join(";") },
  word: { read: (text) => (/^[0-3]$/.test(text) ? Number(text) : null), write: String },
  k: { read: (text) => (/^[1-9]\d{0,6}$/.test(text) ? Number(text) : null), write: String },
  target: { read: finite, write: String },
  seed: { read: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : null), write: String },
  hide: { read: readHidden, write: (value) => value.join(",") },
};

/**
 * The fields in an address's hash; what is unknown or malformed is left out.
 *
 * @param {string} hash with or without "#".
 * @param {{scenes: string[], reach: number}} limits names of the scenes; largest |coordinate| of a mode.
 */
export function fromHash(hash, limits) {
  const found = {};
  for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const value = FIELDS[key]?.read(text, limits) ?? null;
    if (value !== null) found[key] = value;
  }
  return found;
}

/** The hash of a state, without the fields that equal those of `usual`. */
export function toHash(state, usual) {
  const parts = [];
  for (const [key, { write }] of Object.entries(FIELDS)) {
    const value = state[key];
    if (value === undefined || value === null) continue;
    const text = write(value);
    const plain = usual[key] === undefined || usual[key] === null ? null : write(usual[key]);
    if (key === "scene" || text !== plain) parts.push(`${key}=${text}`);
  }
  return `#${parts.join("&")}`;
}

/** Keeps the address up to date, at most four times a second: browsers refuse more. */
export function keepAddress(hashOf, view = window) {
  let waiting = null;
  return () => {
    waiting ??= view.setTimeout(() => {
      waiting = null;
      const hash = hashOf();
      if (hash !== view.location.hash) view.history.replaceState(null, "", hash);
    }, 250);
  };
}

function finite(text) {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : null;
}

function readModes(text, { reach }) {
  const modes = text.split(";").map((mode) => mode.split(",").map(finite));
  const good = modes.length === 4 && modes.every((m) => m.length === 2 && m.every((v) => v !== null && Math.abs(v) <= reach));
  return good ? modes : null;
}

function readHidden(text) {
  const parts = text.split(",").filter((part) => HIDEABLE.includes(part));
  return parts.length ? parts : null;
}

const trim = (value, decimals) => String(Number(value.toFixed(decimals)));
