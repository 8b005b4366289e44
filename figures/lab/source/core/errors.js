/** Errors whose messages are sentences for the person at the page. */

/** A number, a file or a target that the page cannot use; the message says what is wrong and what is permitted. */
export class LabError extends Error {
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

/** No distribution meets the target: it lies beyond what the score can reach. */
export class InfeasibleTarget extends LabError {}

/** No knob was found that brings a method to the target. */
export class CalibrationFailed extends LabError {}

/** Throw a LabError of the form `name = value: must be permitted` unless `ok`. */
export function require(ok, name, value, permitted) {
  if (!ok) throw new LabError(`${name} = ${value}: must be ${permitted}`);
}
