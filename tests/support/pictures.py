"""Random pictures written byte by byte (PNG, TIFF) or by Pillow without loss, with what a viewer shows of them.

The expected colours are numpy's arithmetic on the numbers that were written: nothing is decoded.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image

TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}
"""Stored -> upright, by EXIF's numbers (EXIF 2.32, tag 274): rows and columns, then channels."""


def exif(orientation):
    """A TIFF header with one tag."""
    return b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 274, 3, 1, orientation, 0) + bytes(4)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(samples, bits, colour, orientation=1, palette=None, transparency=None, icc=None):
    """A PNG of samples (h, w, channels) with this many bits and this colour type."""
    height, width, channels = samples.shape
    if bits == 16:
        rows = [row.astype(">u2").tobytes() for row in samples]
    else:
        flat = samples.reshape(height, width * channels)
        planes = (flat[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
        rows = [np.packbits(row.ravel().astype(np.uint8)).tobytes() for row in planes]
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))]
    parts += [chunk(b"iCCP", b"p\0\0" + zlib.compress(icc))] if icc else []
    parts += [chunk(b"PLTE", palette.astype(np.uint8).tobytes())] if palette is not None else []
    parts += [chunk(b"tRNS", transparency)] if transparency is not None else []
    parts += [chunk(b"eXIf", exif(orientation))] if orientation != 1 else []
    parts += [chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(samples, photometric=1, orientation=1, little=True):
    """An uncompressed TIFF of samples (h, w, channels) in their own type."""
    order = "<" if little else ">"
    height, width, channels = samples.shape
    pixels = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    kind = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    bits, last = 8 * samples.dtype.itemsize, 8 + 12 * 11 + 6
    tags = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * channels), (259, 3, [1]), (262, 3, [photometric])]
    tags += [(273, 4, [last + 64]), (274, 3, [orientation]), (277, 3, [channels]), (278, 4, [height])]
    tags += [(279, 4, [len(pixels)]), (339, 3, [kind] * channels)]
    entries, beyond = b"", b""
    for tag, form, values in tags:
        content = struct.pack(order + ("H" if form == 3 else "I") * len(values), *values)
        if len(content) > 4:
            beyond, content = beyond + content, struct.pack(order + "I", last + len(beyond))
        entries += struct.pack(order + "HHI", tag, form, len(values)) + content.ljust(4, b"\0")
    head = (b"II*\0" if little else b"MM\0*") + struct.pack(order + "I", 8) + struct.pack(order + "H", len(tags))
    return head + entries + bytes(4) + beyond.ljust(64, b"\0") + pixels


def on_white(colours, alpha):
    """Colours (h, w, 3) in 0 ... 255 with alpha (h, w, 1) in [0, 1]."""
    return colours * alpha + 255 * (1 - alpha)


def random_png(rng):
    """A PNG of any colour type and depth, and what it shows."""
    h, w, turn = int(rng.integers(1, 12)), int(rng.integers(1, 12)), int(rng.integers(1, 9))
    colour = int(rng.choice([0, 2, 3, 4, 6]))
    bits = int(rng.choice({0: [1, 2, 4, 8, 16], 3: [1, 2, 4, 8]}.get(colour, [8, 16])))
    channels, top = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour], 2**bits - 1
    samples = rng.integers(0, top + 1, (h, w, channels))
    samples[0, 0] = top
    palette, transparency, alpha = None, None, np.ones((h, w, 1))
    if colour == 3:
        palette = rng.integers(0, 256, (top + 1, 3))
        colours = palette[samples[:, :, 0]].astype(float)
        if rng.random() < 0.5:
            opacity = rng.integers(0, 256, top + 1)
            transparency, alpha = opacity.astype(np.uint8).tobytes(), opacity[samples] / 255
    else:
        colours = samples[:, :, : 1 if colour in (0, 4) else 3] * (255 / top) * np.ones(3)
        if colour in (4, 6):
            alpha = samples[:, :, -1:] / top
        elif rng.random() < 0.3 and (bits <= 8 or colour == 0):
            clear = samples[rng.integers(h), rng.integers(w)]
            transparency = b"".join(struct.pack(">H", v) for v in clear)
            alpha = 1.0 - (samples == clear).all(axis=2, keepdims=True)
    return png(samples, bits, colour, turn, palette, transparency), TURNS[turn](on_white(colours, alpha))


def random_tiff(rng):
    """A TIFF of any number of bits, byte order and sign, and what it shows."""
    h, w, turn = int(rng.integers(1, 12)), int(rng.integers(1, 12)), int(rng.integers(1, 9))
    kind = str(rng.choice(["u1", "u2", "i2", "u4", "i4", "f4", "rgb u1", "rgb u2"]))
    little = kind == "u4" or bool(rng.integers(2))  # Pillow has no big-endian unsigned 32 bits: refused
    dtype = np.dtype(kind[-2:])
    channels = 3 if kind.startswith("rgb") else 1
    white = 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max)
    samples = (rng.random((h, w, channels)) * white).astype(dtype)
    samples[0, 0] = min(white, np.iinfo(dtype).max if dtype.kind != "f" else 1)
    inverted = kind in ("u1", "u2", "f4") and (little or kind != "u2") and rng.random() < 0.3
    photometric = 2 if channels == 3 else 0 if inverted else 1
    shows = samples.astype(float) * (255 / white) * np.ones(3)
    return tiff(samples, photometric, turn, little), TURNS[turn](255 - shows if inverted else shows)


def random_by_pillow(rng):
    """A file that Pillow writes without loss, and what it shows."""
    h, w, turn = int(rng.integers(1, 12)), int(rng.integers(1, 12)), int(rng.integers(1, 9))
    form = str(rng.choice(["BMP", "PPM", "WEBP", "GIF"]))
    pixels, alpha = rng.integers(0, 256, (h, w, 3), dtype=np.uint8), np.ones((h, w, 1))
    more = {}
    if form == "WEBP":
        more = {"lossless": True, "exact": True, "exif": exif(turn)}
        if rng.random() < 0.5:
            opacity = rng.integers(0, 256, (h, w, 1), dtype=np.uint8)
            alpha = opacity / 255
            picture = Image.fromarray(np.concatenate([pixels, opacity], axis=2))
        else:
            picture = Image.fromarray(pixels)
    elif form == "GIF":
        palette, indices = rng.integers(0, 256, (16, 3)), rng.integers(0, 16, (h, w), dtype=np.uint8)
        pixels = palette[indices].astype(np.uint8)
        picture = Image.fromarray(indices).convert("P")
        picture.putpalette(palette.astype(np.uint8).tobytes())
        later = Image.new("P", (w, h), 0)
        later.putpalette(palette.astype(np.uint8).tobytes())
        more = {"save_all": True, "append_images": [later], "optimize": False}
    else:
        picture = Image.fromarray(pixels)
    content = io.BytesIO()
    picture.save(content, form, **more)
    shows = on_white(pixels.astype(float), alpha)
    return content.getvalue(), TURNS[turn](shows) if form == "WEBP" else shows


def random_picture(rng):
    """Bytes of a picture file, and the colours (h, w, 3) in 0 ... 255 that a viewer shows."""
    return (random_png, random_tiff, random_by_pillow)[rng.integers(3)](rng)
