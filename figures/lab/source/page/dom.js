/** Elements in one line: `element("p", { class: "lead" }, "text", child)`. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. Keys that start with "on" are listeners, `class` and ARIA keys are attributes; a value of null,
 * undefined or false leaves the key out, true sets it empty.
 */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element, else like `element`. */
export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else set(node, key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Sets or removes one attribute, and touches the page only if it changes. */
export function set(node, key, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(key)) node.removeAttribute(key);
    return;
  }
  const text = value === true ? "" : String(value);
  if (node.getAttribute(key) !== text) node.setAttribute(key, text);
}

/** Sets the text of a node if it differs. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
