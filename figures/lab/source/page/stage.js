/** The right side of the page in the scenes of the mixture's world: controls, pictures, histogram, curve, numbers. */

import { Controls } from "./controls.js";
import { CurveFigure } from "./curve.js";
import { element } from "./dom.js";
import { Handles } from "./handles.js";
import { HistogramFigure } from "./histogram.js";
import { Numbers } from "./numbers.js";
import { PICTURES } from "./pictures.js";
import { Plane } from "./plane.js";
import { Record } from "./record.js";

export class Stage {
  /** @param {object} scene; @param {object} lab `change`, `hidden`, `moved` */
  constructor(scene, lab) {
    this.scene = scene;
    this.controls = new Controls(scene, lab);
    this.planes = scene.panels.map((kind) => ({ kind, plane: new Plane({ kind, ...PICTURES[kind] }) }));
    const first = this.planes[0].plane;
    this.handles = new Handles(first.handles, scene.movable ? "move" : "show", { move: lab.moved });
    this.histogram = new HistogramFigure();
    this.numbers = new Numbers(scene);
    this.curve = scene.curve ? new CurveFigure(scene.curve) : null;
    this.secret = element("p", { class: "secret" }, "A curve waits here for your answer.");
    this.record = scene.record ? new Record() : null;
    const column = element("div", {}, this.numbers.node, this.record?.node, this.curve ? [this.secret, this.curve.node] : null);
    this.panels = [lab.hidden("controls") ? null : this.controls.node, element("div", { class: "planes" }, this.planes.map(({ plane }) => plane.node))];
    this.evidence = [lab.hidden("histogram") ? null : this.histogram.node, lab.hidden("numbers") ? null : column];
    if (this.curve && lab.hidden("curve")) this.curve.node.remove();
    if (lab.hidden("curve")) this.secret.remove();
  }

  update(view) {
    const { setting, level, state, revealed } = view;
    this.controls.update(view);
    for (const { kind, plane } of this.planes) plane.update(PICTURES[kind].content(view));
    this.handles.update(view);
    const { hard, tilt } = level;
    const active = hard.status !== "inactive";
    const masses = setting.histogram;
    this.histogram.update({
      edges: masses.edges,
      prior: masses.prior,
      hard: active ? masses.hard(hard) : masses.prior,
      tilt: masses.tilt(tilt.multiplier, tilt.logFromTop),
      threshold: hard.threshold,
      mean: state.mean,
      shell: active && this.scene.shell ? [hard.threshold, hard.threshold + view.world.margin] : null,
    });
    this.numbers.update(view);
    this.record?.update(view);
    const open = Boolean(this.curve) && revealed;
    this.secret.hidden = open;
    if (this.curve) {
      this.curve.node.hidden = !open;
      if (open) this.curve.update(view);
    }
  }

  want(wanted) {
    this.controls.want(wanted);
    for (const node of this.handles.nodes) node.classList.toggle("wanted", wanted === "modes");
  }
}
