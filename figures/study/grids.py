"""Four pictures as one, two by two: all of one size, so that the size tells nothing."""

from collections.abc import Sequence

from PIL import Image, ImageOps
from PIL.Image import Image as Picture

ACROSS = 2
PICTURES = ACROSS * ACROSS
"""Of a grid."""
GREY = (128, 128, 128)


def grid(pictures: Sequence[Picture], side: int, gap: int) -> Picture:
    """The four pictures, each cut to the square in its middle and resized (bicubic).

    Args:
        pictures: four, in the order of reading.
        side: of each in the grid, pixels.
        gap: between them, pixels of grey.
    """
    whole = Image.new("RGB", (ACROSS * side + gap, ACROSS * side + gap), GREY)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, ACROSS)
        square = ImageOps.fit(picture, (side, side), Image.Resampling.BICUBIC)
        whole.paste(square, (column * (side + gap), row * (side + gap)))
    return whole
