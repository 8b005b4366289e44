"""One picture from a file, as an image viewer shows it: upright, in sRGB, on white where it is transparent.

- Orientation: that of EXIF.
- Grey of more than 8 bits: white is the largest number that the file can hold (2^16 - 1 for 16 bits, as for 16-bit
  colours); for floats white is 1. Values outside, and values that would all be black, are refused: they are on
  another scale, which the file does not tell.
- Colour profile: converted to sRGB; one that is damaged or of another kind of picture is ignored.
- Transparency: composed onto white.
- Several frames (GIF, WebP, APNG, TIFF): the first.

Anything else is refused with the file's path: damaged, cut, empty, none of `FORMATS`, or over Pillow's limit of pixels.
The content decides the format, not the name.
"""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.Image import Image as Picture

from distributional_view.errors import UserError
from distributional_view.files import shown

FORMATS = ("PNG", "JPEG", "BMP", "DIB", "WEBP", "GIF", "TIFF", "PPM", "JPEG2000")
"""None of these runs another program, as Pillow's reader of PostScript does."""
DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes of grey with more than 8 bits."""
SCALES = {"L;2": 85, "L;4": 17}
"""What Pillow multiplies grey values of 2 and 4 bits with, but not the value that is transparent."""
BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339
"""Numbers of TIFF tags."""
MODES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}
"""Pillow's modes for the colour spaces of profiles."""


class UnreadableImage(UserError):
    """A file with the name of an image that cannot be decoded; the message has its path."""


class Decoded(NamedTuple):
    """A picture in mode RGB, and whether its file has more frames than this first one."""

    picture: Picture
    more_frames: bool


def decode(path: Path) -> Decoded:
    """The picture in a file; see the module's docstring.

    Raises:
        UnreadableImage: if it cannot be shown rightly.
    """
    if path.exists() and not path.is_file():
        raise UnreadableImage(f"{shown(path)}: not a file")
    try:
        # Given a name, Pillow would map the file into memory, and then turns TIFF without exchanging the sides.
        with path.open("rb") as stream:
            return _decoded(stream)
    except MemoryError:
        raise
    except Exception as error:  # on damaged files Pillow's decoders raise nearly every type that there is
        empty = isinstance(error, UnidentifiedImageError) and path.stat().st_size == 0
        raise UnreadableImage(f"{shown(path)}: {_reason(error, empty)}") from error


def decode_bytes(content: bytes, name: str) -> Decoded:
    """The same for the content of a file.

    Args:
        content: the whole of it.
        name: for messages.

    Raises:
        UnreadableImage: if it cannot be shown rightly.
    """
    try:
        return _decoded(io.BytesIO(content))
    except MemoryError:
        raise
    except Exception as error:
        raise UnreadableImage(f"{shown(name)}: {_reason(error, not content)}") from error


def _decoded(stream: io.BufferedReader | io.BytesIO) -> Decoded:
    with Image.open(stream, formats=FORMATS) as file:
        rawmode = file.tile[0][3] if file.tile else None
        file.load()
        if rawmode in SCALES and isinstance(file.info.get("transparency"), int):
            file.info["transparency"] *= SCALES[rawmode]
        return Decoded(_colours(_upright(file), _white(file)), bool(getattr(file, "is_animated", False)))


def _reason(error: Exception, empty: bool) -> str:
    """Why a picture cannot be read, in words without its path."""
    if isinstance(error, UnidentifiedImageError):
        return "the file is empty" if empty else f"not a picture, or none of {', '.join(FORMATS)}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _upright(picture: Picture) -> Picture:
    """The picture turned as EXIF says; EXIF that cannot be read says nothing."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:
        return picture


def _white(file: Picture) -> tuple[float, bool]:
    """The value of white in a file with deep grey values, and whether they are stored inverted (white is 0)."""
    tags = getattr(file, "tag_v2", {})
    if file.mode == "F":
        white = 1.0
    else:
        bits = tags.get(BITS, (16,))[0]
        signed = tags.get(SAMPLE_FORMAT, (1,))[0] == 2
        white = float(2 ** (bits - signed) - 1)
    return white, tags.get(PHOTOMETRIC) == 0


def _colours(picture: Picture, white: tuple[float, bool]) -> Picture:
    """The picture in sRGB on white.

    Raises:
        ValueError: for values that are on an unknown scale, or a mode without a conversion.
    """
    if picture.mode in DEEP:
        return _deep_grey(picture, *white).convert("RGB")
    if not picture.has_transparency_data:
        return _to_srgb(picture)
    visible = picture.convert("RGBA")
    result = Image.new("RGB", picture.size, "white")
    result.paste(_to_srgb(visible if picture.mode in ("P", "PA", "RGBa") else picture), mask=visible.getchannel("A"))
    return result


def _deep_grey(picture: Picture, white: float, inverted: bool) -> Picture:
    """8-bit grey values from more bits or floats, rounded."""
    values = np.asarray(picture)
    if picture.mode == "I" and white >= 2**31:
        values = values.view(np.uint32)  # Pillow has no unsigned mode
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= white):
        raise ValueError(f"grey values from {low:g} to {high:g}, must lie in [0, {white:g}]: save it with 8 bits")
    if 0 < high < white / 510:
        raise ValueError(f"grey values up to {high:g} where white is {white:g}, all black: save it with 8 bits")
    scaled = np.round(values.astype(np.float64) * (255 / white)).astype(np.uint8)
    grey = Image.fromarray(255 - scaled if inverted else scaled)
    transparent = picture.info.get("transparency")
    if transparent is not None:
        grey.paste(255, mask=Image.fromarray(np.where(values == transparent, 255, 0).astype(np.uint8)))
    return grey


def _to_srgb(picture: Picture) -> Picture:
    """The colours without transparency, by the picture's profile if it has one of use."""
    content = picture.info.get("icc_profile")
    if not content:
        return picture.convert("RGB")
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        space = MODES.get(profile.profile.xcolor_space, "")
        grey = picture.mode in ("1", "L", "LA", "La")
        if "sRGB" in (profile.profile.profile_description or "") or not _suits(space, picture.mode, grey):
            return picture.convert("RGB")
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture.convert(space), profile, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture.convert("RGB")
    assert converted is not None
    return converted


def _suits(space: str, mode: str, grey: bool) -> bool:
    """Whether a profile of this space can describe a picture of this mode."""
    return space == "CMYK" if mode == "CMYK" else space == "RGB" or (space == "L" and grey)
