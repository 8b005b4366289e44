"""How long work tells how far it is: one shape of a callback for every sampler, calibration, figure and training."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and the total (0: not known)."""


def silent(what: str, done: int, total: int) -> None:
    """The progress that nobody looks at."""


def named(progress: Progress, what: str) -> Progress:
    """The same progress under another name: what a part calls itself is replaced by what the whole calls it."""
    return lambda _, done, total: progress(what, done, total)
