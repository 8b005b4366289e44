"""The page's random numbers again: the generator sfc32, so that both languages draw the same points from a seed."""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

_MASK = 0xFFFF_FFFF


def uniform(seed: int) -> Iterator[float]:
    """Numbers in [0, 1) with 53 digits, without end; `source/core/random.js` gives the same."""
    words = _words(seed)
    for _ in range(16):
        next(words)
    while True:
        yield ((next(words) >> 5) * 67108864 + (next(words) >> 6)) / 2**53


def _words(seed: int) -> Iterator[int]:
    """32 bits at a time."""
    a, b, c, d = seed & _MASK, (seed >> 32) & _MASK, 0x9E37_79B9, 1
    while True:
        out = (a + b + d) & _MASK
        d = (d + 1) & _MASK
        a = b ^ (b >> 9)
        b = (c + (c << 3)) & _MASK
        c = ((((c << 21) & _MASK) | (c >> 11)) + out) & _MASK
        yield out


def normals(count: int, numbers: Iterator[float]) -> Float[np.ndarray, " n"]:
    """Standard normal numbers, in pairs by the method of Box and Muller."""
    found = []
    for _ in range(0, count, 2):
        radius = math.sqrt(-2 * math.log(1 - next(numbers)))
        angle = 2 * math.pi * next(numbers)
        found += [radius * math.cos(angle), radius * math.sin(angle)]
    return np.array(found[:count])
