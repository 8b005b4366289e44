/** The page as a whole: its state, which scene is open, what has been answered, and when it is drawn. */

import { PAPER_SETTINGS } from "../core/paper.js";
import { NAMES, SCENES } from "../scenes/index.js";
import { element, set } from "./dom.js";
import { FARTHEST } from "./handles.js";
import { Model, PAPER_SETTING } from "./model.js";
import { textOf } from "./quantities.js";
import { stageFor } from "./stages.js";
import { fromHash, keepAddress, toHash } from "./state.js";
import { Story } from "./story.js";
import { onScheme } from "./theme.js";

const LIMITS = { scenes: NAMES, reach: FARTHEST };

/** The state of a scene that nobody has touched. */
export const usual = (scene) => ({ scene: scene.id, mean: 5, nudge: false, modes: PAPER_SETTINGS.modes.map((mode) => [...mode]), k: 100, word: 2, target: null, seed: 1, hide: [], ...scene.start });

export class Lab {
  constructor(root) {
    this.root = root;
    this.model = new Model();
    this.answers = new Map();
    this.touches = new Set();
    this.moving = false;
    this._address = keepAddress(() => toHash(this.state, usual(this.scene)));
    window.addEventListener("hashchange", () => this._open(window.location.hash));
    window.addEventListener("resize", () => this.draw());
    onScheme(() => this.draw());
    this._open(window.location.hash);
  }

  /** Opens what an address says. */
  _open(hash) {
    const asked = fromHash(hash, LIMITS);
    const scene = SCENES.find(({ id }) => id === asked.scene) ?? SCENES[0];
    this.state = { ...usual(scene), ...asked, scene: scene.id };
    this._build(scene);
  }

  /** Opens a scene as it starts; the seed and what a teacher hid stay. */
  go(id) {
    const scene = SCENES.find((one) => one.id === id);
    this.state = { ...usual(scene), seed: this.state.seed, hide: this.state.hide };
    this._build(scene);
    window.scrollTo(0, 0);
    document.getElementById("heading").focus({ preventScroll: true });
    this._address();
  }

  _build(scene) {
    this.stage?.stop?.();
    this.scene = scene;
    this.root.dataset.state = "loading";
    this.root.dataset.scene = scene.id;
    this.moving = false;
    const lab = {
      answered: (id) => this.answers.get(id),
      answer: (choice) => this._answer(choice),
      go: (id) => this.go(id),
      hidden: (part) => this.state.hide.includes(part),
      numberOf: (token) => textOf(token, this.view ?? this._look(), PAPER_SETTING),
      change: (patch, control, quiet) => this.change(patch, control, quiet),
      moved: (mode, to, done) => this._moved(mode, to, done),
      touched: (control) => this._touched(control),
      draw: () => this.draw(),
      state: () => this.state,
      busy: (on) => set(this.root, "data-busy", on),
    };
    this.view = this._look();
    this.story = new Story(scene, lab);
    this.stage = stageFor(scene, lab);
    document.getElementById("story").replaceChildren(...this.story.parts);
    document.getElementById("panels").replaceChildren(...this.stage.panels.filter(Boolean));
    document.getElementById("evidence").replaceChildren(...this.stage.evidence.filter(Boolean));
    this._navigation();
    if (this.touches.has(scene.id)) this.story.touched();
    else this.stage.want?.(scene.touch.control);
    this._draw();
    this.root.dataset.state = "ready";
  }

  /** Changes the state, says which control did it, and draws. */
  change(patch, control, quiet = false) {
    this.state = { ...this.state, ...patch };
    if (!quiet && control) this._touched(control);
    this._address();
    this.draw();
  }

  _moved(mode, to, done) {
    this.moving = !done;
    this.change({ modes: this.state.modes.map((was, i) => (i === mode ? to : was)) }, "modes");
  }

  _touched(control) {
    if (control !== this.scene.touch.control || this.touches.has(this.scene.id)) return;
    this.touches.add(this.scene.id);
    this.story.touched();
    this.stage.want?.(null);
  }

  _answer(choice) {
    if (this.answers.has(this.scene.id)) return;
    this.answers.set(this.scene.id, { choice });
    this.story.reveal(choice);
    this._navigation();
    this.stage.revealed?.();
    this.draw();
  }

  /** Draws at the next frame, once however often it is asked. */
  draw() {
    this._frame ??= requestAnimationFrame(() => {
      this._frame = null;
      this._draw();
    });
  }

  _look() {
    const view = this.model.view(this.state);
    return { ...view, state: this.state, scene: this.scene, revealed: this.answers.has(this.scene.id), moving: this.moving };
  }

  _draw() {
    this.view = this._look();
    this.stage.update(this.view);
    this.root.dataset.drawn = String(Number(this.root.dataset.drawn ?? 0) + 1);
  }

  _navigation() {
    const links = SCENES.map((scene, i) =>
      element("li", {}, element("a", { href: toHash({ ...usual(scene), hide: this.state.hide, seed: this.state.seed }, usual(scene)), "aria-current": scene === this.scene ? "step" : null, "data-done": this.answers.has(scene.id), title: scene.title }, element("span", { "aria-hidden": "true" }, String(i + 1)), element("span", { class: "unseen" }, `${i + 1}: ${scene.title}`))),
    );
    document.getElementById("scenes").replaceChildren(element("ol", {}, links));
  }
}
