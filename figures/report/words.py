"""A report's words on the command line: the targets that are asked for, and the lines that are printed."""

from collections.abc import Mapping, Sequence
from typing import Any

from distributional_view.figures.report.analysis import FeatureReport
from distributional_view.theory.errors import require

MANY, LONG = 24, 48
"""Names of examples that are printed, and characters of each."""


def parse_targets(texts: Sequence[str]) -> tuple[float | None, dict[str, float]]:
    """The target of all features, and those of single ones: "5" or "NAME=5".

    Raises:
        ValueError: for text that is neither, or two targets of one feature.
    """
    general: list[float] = []
    single: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            raise ValueError(f"target = {text!r}: must be a number or NAME=number") from None
        require(name not in single and not (general and not equals), "target", text, "given once for each feature")
        if equals:
            single[name] = value
        else:
            general.append(value)
    return (general[0] if general else None), single


def summary(feature: FeatureReport) -> str:
    """A few lines for the terminal."""
    notes = [f"  note: {note}" for note in feature.notes]
    if feature.curves is None:
        return "\n".join([f"{feature.name}: {feature.status}", *notes])
    n, hard, klsc = feature.numbers, feature.numbers["hard"], feature.numbers["klsc"]
    mean = f"mean {n['mean']:.4g}"
    threshold = "none" if hard["threshold"] is None else f"{hard['threshold']:.4g}"
    multiplier = "infinite" if klsc["multiplier"] is None else f"{klsc['multiplier']:.4g}"
    lines = [
        f"{feature.name}: {feature.status}, {mean}, threshold {threshold}, multiplier {multiplier}; "
        f"KL {hard['kl']:.3f} against {klsc['kl']:.3f} nats, saved {n['kl_saved']:.3f}; "
        f"effective size {klsc['effective_size']:.4g}"
    ]
    if hard["boundary_mass"] is not None:
        masses = f"{hard['boundary_mass']:.3f} against {klsc['boundary_mass']:.3f}"
        lines.append(f"  boundary mass {masses} (margin {n['margin']:.3g})")
    lines.append(f"  show {shown_names(n['shown']['klsc'])}")
    return "\n".join([*lines, *notes])


def shown_names(listed: Mapping[str, Any]) -> str:
    """The examples of a list: their names if they have any (report.json has them all, and whole), else positions."""
    if "ids" not in listed:
        return " ".join(map(str, listed["indices"]))
    names = [name if len(name) <= LONG else f"…{name[1 - LONG :]}" for name in listed["ids"][:MANY]]
    rest = len(listed["ids"]) - MANY
    return ", ".join(names) + (f" and {rest} more" if rest > 0 else "")
