"""The parts of the embedded backend and where their weights lie; needs no torch."""

from pathlib import Path
from typing import Literal, get_args

Part = Literal["draft", "classifier", "transcoder", "prior"]
PARTS: tuple[Part, ...] = get_args(Part)
"""In the order of training: the classifier sees what a small first prior, the draft, makes of noise; the transcoder
reads the classifier; the prior itself reads none of them, so that a better one changes no feature."""
WEIGHTS = Path(__file__).parent / "weights"
