"""Writing results with their provenance: the same inputs give the same bytes.

Every picture carries its statement labels, parameters and seed in its metadata and in a JSON file beside it.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from distributional_view.files import write_whole

STYLE = Path(__file__).with_name("paper.mplstyle")


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from.

    Args:
        title: what it shows, in a few words.
        statements: labels of the paper that it illustrates.
        parameters: everything that was chosen.
        seed: of the random numbers; None where none are drawn.
    """

    title: str
    statements: Sequence[str]
    parameters: Mapping[str, Any]
    seed: int | None

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        return {
            "title": self.title,
            "statements": list(self.statements),
            "parameters": dict(self.parameters),
            "seed": self.seed,
        }


def style() -> AbstractContextManager[None]:
    """The project's one matplotlib style, as a context."""
    return mpl.rc_context(mpl.rc_params_from_file(STYLE, use_default_template=False))


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write strict JSON (no NaN or infinity), indented."""
    return write_whole(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def save_figure(figure: Figure, out: Path, name: str, provenance: Provenance, numbers: Mapping[str, Any]) -> list[Path]:
    """Save `name`.png, .pdf and .json in `out`; the numbers shown go to the JSON file."""
    pictures = save_pictures(figure, out, name, provenance)
    return [*pictures, write_json(out / f"{name}.json", {**provenance.as_dict(), **numbers})]


def save_pictures(figure: Figure, out: Path, name: str, provenance: Provenance) -> list[Path]:
    """Save `name`.png and .pdf in `out`, with the provenance in their metadata."""
    out.mkdir(parents=True, exist_ok=True)
    source = json.dumps(provenance.as_dict(), sort_keys=True)
    png, pdf = out / f"{name}.png", out / f"{name}.pdf"
    figure.savefig(png, metadata={"Title": provenance.title, "Description": source, "Software": None})
    figure.savefig(
        pdf,
        metadata={
            "Title": provenance.title,
            "Subject": source,
            "CreationDate": None,
            "Creator": None,
            "Producer": None,
        },
    )
    return [png, pdf]
