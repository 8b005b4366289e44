/** The colours of style.css for the canvases, which know no CSS; read again when the scheme changes. */

const NAMES = ["ink", "soft", "card", "ghost", "prior", "truncation", "tilt", "word"];

let colours = null;

/** "#rrggbb" -> [r, g, b]. */
export function channels(hex) {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex.trim());
  if (!found) throw new Error(`colour ${JSON.stringify(hex)}: must be #rrggbb`);
  return found.slice(1).map((part) => parseInt(part, 16));
}

/** Name -> [r, g, b] of the scheme that holds now. */
export function palette() {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(NAMES.map((name) => [name, channels(style.getPropertyValue(`--${name}`))]));
  }
  return colours;
}

/** Calls `then` after each change between light and dark. */
export function onScheme(then) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colours = null;
    then();
  });
}
