/** Nothing fails in silence: an error that nobody caught becomes a sentence on the page. */

import { element } from "./dom.js";

const SENTENCE = "Something in this page failed, so that what you see may be wrong. Reload it; if that does not help, report this: ";

/** Shows uncaught errors and rejected promises in an alert at the top of `body`. */
export function showErrors(view = window) {
  const say = (reason) => {
    const text = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
    const place = view.document.querySelector("#failure") ?? alarm(view.document);
    place.textContent = SENTENCE + text;
    place.hidden = false;
  };
  view.addEventListener("error", (event) => say(event.error ?? event.message));
  view.addEventListener("unhandledrejection", (event) => say(event.reason));
  return say;
}

function alarm(page) {
  const place = element("p", { id: "failure", role: "alert", class: "failure" });
  page.body.prepend(place);
  return place;
}
