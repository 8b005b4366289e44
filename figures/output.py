"""Writing results with their provenance: the same inputs give the same bytes.

Every picture carries its statement labels, parameters and seed in its metadata and in a JSON file beside it.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from distributional_view.files import write_whole, write_with

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


def strict_json(content: Mapping[str, Any]) -> str:
    """Indented JSON.

    Raises:
        ValueError: for NaN or infinity.
    """
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write strict JSON (no NaN or infinity), indented."""
    return write_whole(path, strict_json(content))


def save_pictures(figure: Figure, out: Path, name: str, provenance: Provenance) -> list[Path]:
    """Save `name`.png and .pdf in `out`, with the provenance in their metadata, and close the figure."""
    source = json.dumps(provenance.as_dict(), sort_keys=True)
    described = {
        ".png": {"Title": provenance.title, "Description": source, "Software": None},
        ".pdf": {
            "Title": provenance.title,
            "Subject": source,
            "CreationDate": None,
            "Creator": None,
            "Producer": None,
        },
    }
    # matplotlib restores a layout of none, after a save, as the style's
    with mpl.rc_context({"figure.constrained_layout.use": figure.get_layout_engine() is not None}):
        written = [
            write_with(out / f"{name}{suffix}", partial(figure.savefig, metadata=metadata))
            for suffix, metadata in described.items()
        ]
    plt.close(figure)
    return written
