"""Endless streams of batches that can be entered at any place, so that a training can resume."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from torch import Tensor

from distributional_view.theory.errors import require

Stream = Callable[[int], Iterator[Tensor]]
"""Number of batches already taken -> the batches after them, for ever."""


def stream_of(batches: Iterable[Tensor] | Stream) -> Stream:
    """A stream from anything that can be iterated over again and again; resuming skips what was taken."""
    if callable(batches):
        return batches

    def start_at(start: int) -> Iterator[Tensor]:
        return islice(_for_ever(batches), start, None)

    return start_at


def _for_ever(batches: Iterable[Tensor]) -> Iterator[Tensor]:
    """Pass after pass.

    Raises:
        ValueError: if a pass is empty, as is the second one over a generator.
    """
    while True:
        empty = True
        for images in batches:
            empty = False
            yield images
        require(not empty, "batches", batches, "batches that can be iterated over again and again, at least one")
