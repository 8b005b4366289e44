"""The parts of the embedded backend and where their weights lie; needs no torch."""

from pathlib import Path
from typing import Literal, get_args

Part = Literal["prior", "classifier", "transcoder"]
PARTS: tuple[Part, ...] = get_args(Part)
"""In the order of training: the classifier sees what the prior makes of noise, the transcoder reads the classifier."""
WEIGHTS = Path(__file__).parent / "weights"
