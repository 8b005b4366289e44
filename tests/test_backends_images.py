"""Pictures are read as a viewer shows them, or refused with their path; a bad one does not stop the others."""

import io
import json
import os
import struct
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image, ImageCms

from distributional_view.backends.transcoders.checkpoint import publish, save_published
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.decode import UnreadableImage, decode
from distributional_view.backends.zoo.images import ImageBatches, NoImages, centre_square, image_files, read_image
from distributional_view.backends.zoo.readable import readable, remembered
from distributional_view.command import main
from distributional_view.errors import UserError
from tests.support.official_convnext import official
from tests.support.pictures import TURNS, exif, png, random_picture, tiff

PAIRS_OF_16_BITS = (b"\x10\x04", b"\x10\x06")
"""Depth and colour type of a PNG with colours and transparency of 16 bits, of each of which Pillow drops 8."""


def shows(path):
    return np.asarray(decode(path).picture).astype(float)


def test_random_pictures_are_read_as_they_were_written(tmp_path):
    """1000 files; a level of rounding is permitted, and what 16 bits lose where colour and transparency have them."""
    rng, path, tried = np.random.default_rng(2026), tmp_path / "picture", Counter()
    for _ in range(1000):
        content, wanted = random_picture(rng)
        path.write_bytes(content)
        found = shows(path)
        assert found.shape == wanted.shape, content[:200]
        permitted = 2.5 if content[24:26] in PAIRS_OF_16_BITS and content[1:4] == b"PNG" else 1.01
        assert np.abs(found - wanted).max() <= permitted, content[:200]
        tried[content[:2]] += 1
    assert set(tried) == {b"\x89P", b"II", b"MM", b"BM", b"P6", b"RI", b"GI"}
    assert min(tried.values()) > 40


def outcome(path):
    """What a picture shows, or why it is refused."""
    try:
        return shows(path)
    except UserError as error:
        return str(error)


def valid_files(rng):
    """A file of each format, larger than a few blocks."""
    pixels = np.kron(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8), np.ones((8, 8, 1), dtype=np.uint8))
    for form, more in (
        ("PNG", {"exif": exif(6)}),
        ("JPEG", {"exif": b"Exif\0\0" + exif(3)}),
        ("JPEG", {"progressive": True}),
        ("GIF", {}),
        ("WEBP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("PPM", {}),
    ):
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, form, **more)
        yield content.getvalue()


def test_damaged_files_are_read_or_refused_by_name(tmp_path):
    """900 files cut or with flipped bytes: never another error; a cut file is never read as another picture."""
    rng, outcomes = np.random.default_rng(7), Counter()
    path = tmp_path / "damaged.png"
    for content in valid_files(rng):
        path.write_bytes(content)
        whole = shows(path)
        for trial in range(100):
            damaged = bytearray(content)
            if trial % 2:
                damaged = damaged[: rng.integers(0, len(content))]
            else:
                for place in rng.integers(0, len(content), rng.integers(1, 6)):
                    damaged[place] ^= 1 << rng.integers(8)
            path.write_bytes(damaged)
            found = outcome(path)
            outcomes[type(found)] += 1
            if isinstance(found, str):
                assert str(path) in found
            elif trial % 2:
                assert np.array_equal(found, whole), (content[:4], len(damaged), len(content))
    assert outcomes[str] > 300
    assert outcomes[np.ndarray] > 100


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_is_turned_as_exif_says(tmp_path, orientation):
    pixels = np.zeros((16, 32, 3), dtype=np.uint8)
    pixels[:8, :16] = 255
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=100, exif=b"Exif\0\0" + exif(orientation))
    assert np.abs(shows(tmp_path / "a.jpg") - TURNS[orientation](pixels)).max() <= 3


def test_exif_that_cannot_be_read_says_nothing(tmp_path):
    Image.new("RGB", (4, 2), "red").save(tmp_path / "a.png", exif=b"MM\0*\0\0\0\x08\xff\xff" + bytes(5))
    assert shows(tmp_path / "a.png").shape == (2, 4, 3)


def test_deep_values_on_an_unknown_scale_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    for values, message in (
        (np.full((2, 2), 200.0, np.float32), r"from 200 to 200, must lie in \[0, 1\]"),
        (np.full((2, 2), np.nan, np.float32), "from nan to nan"),
        (np.full((2, 2), -1, np.int32), "from -1 to -1"),
        (np.full((2, 2), 255, np.int32), r"up to 255 where white is 2\.14748e\+09, all black"),
        (np.full((2, 2), 100, np.uint16), "up to 100 where white is 65535, all black"),
    ):
        path.write_bytes(tiff(values[:, :, None]))
        with pytest.raises(UnreadableImage, match=message) as caught:
            decode(path)
        assert str(path) in str(caught.value)
    path.write_bytes(tiff(np.zeros((2, 2, 1), np.uint16)))
    assert (shows(path) == 0).all()


def test_colour_profiles_are_applied(tmp_path):
    """A profile that exchanges red and green; a profile of another kind of picture, and one that is no profile."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    count = struct.unpack(">I", srgb[128:132])[0]
    table = [srgb[132 + 12 * i : 144 + 12 * i] for i in range(count)]
    names = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}
    swapped = b"".join(names.get(entry[:4], entry[:4]) + entry[4:] for entry in table)
    exchanged = srgb[:132] + swapped + srgb[132 + 12 * count :]
    exchanged = exchanged.replace("sRGB".encode("utf-16-be"), "None".encode("utf-16-be"))
    pixels = np.tile(np.array([200, 50, 30]), (2, 3, 1))
    (tmp_path / "a.png").write_bytes(png(pixels, 8, 2, icc=exchanged))
    assert np.abs(shows(tmp_path / "a.png") - [50, 200, 30]).max() <= 2
    alpha = np.concatenate([pixels, np.full((2, 3, 1), 51)], axis=2)
    (tmp_path / "a.png").write_bytes(png(alpha, 8, 6, icc=exchanged))
    assert np.abs(shows(tmp_path / "a.png") - (0.2 * np.array([50, 200, 30]) + 0.8 * 255)).max() <= 2
    for useless in (b"no profile", srgb):
        (tmp_path / "a.png").write_bytes(png(pixels, 8, 2, icc=useless))
        assert np.array_equal(shows(tmp_path / "a.png"), pixels)
    (tmp_path / "a.png").write_bytes(png(pixels[:, :, :1], 8, 0, icc=exchanged))
    assert np.abs(shows(tmp_path / "a.png") - 200).max() <= 2
    Image.new("CMYK", (2, 2), (0, 255, 0, 0)).save(tmp_path / "a.tif", icc_profile=srgb)
    assert (shows(tmp_path / "a.tif") == [255, 0, 255]).all()


def test_what_cannot_be_shown_is_refused(tmp_path, monkeypatch):
    (tmp_path / "empty.png").touch()
    (tmp_path / "page.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    Image.new("L", (40, 40)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    for name, message in {
        "empty.png": "the file is empty",
        "page.png": "not a picture, or none of PNG",
        "folder.png": "not a file",
        "pipe.png": "not a file",
        "large.png": "1600 pixels. exceeds limit",
        "nowhere.png": "No such file",
    }.items():
        with pytest.raises(UnreadableImage, match=message) as caught:
            read_image(tmp_path / name, 4)
        assert name in str(caught.value)
    if os.getuid() != 0:
        (tmp_path / "large.png").chmod(0)
        with pytest.raises(UnreadableImage, match="Permission denied"):
            read_image(tmp_path / "large.png", 4)


def resized_whole(picture, size):
    """Resize everything, then cut out the square."""
    shorter = min(picture.size)
    width, height = (max(size, round(side * size / shorter)) for side in picture.size)
    left, top = (width - size) // 2, (height - size) // 2
    whole = picture.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(whole.crop((left, top, left + size, top + size))).astype(int)


def test_a_square_is_what_resizing_the_whole_gives():
    """Equal for ordinary pictures; of long ones, smooth here, a value may be rounded to the other side."""
    rng, long = np.random.default_rng(0), 0
    for _ in range(60):
        w, h, size = (int(v) for v in rng.integers(1, 60, 3))
        ordinary = max(w, h) <= 8 * min(w, h)
        waves = 128 + 90 * np.sin(np.arange(w) / 5)[None, :, None] * np.cos(np.arange(h) / 7 - 1)[:, None, None]
        pixels = rng.integers(0, 256, (h, w, 3)) if ordinary else waves.repeat(3, axis=2)
        picture = Image.fromarray(pixels.astype(np.uint8))
        error = np.abs(np.asarray(centre_square(picture, size)).astype(int) - resized_whole(picture, size))
        assert error.max() <= (0 if ordinary else 1), (w, h, size)
        long += not ordinary
    assert long > 5


def test_a_long_picture_costs_no_more_than_a_square(tmp_path):
    Image.new("RGB", (1, 200_000), "navy").save(tmp_path / "long.png")
    start = time.process_time()
    image = read_image(tmp_path / "long.png", 256)
    assert time.process_time() - start < 1
    assert image.shape == (3, 256, 256)


# --- Folders ---


def save(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (3, 3), "red").save(path)


def test_links_to_folders_are_followed_once(tmp_path):
    root, beside = tmp_path / "root", tmp_path / "beside"
    for path in (root / "b" / "x.png", root / "y.PNG", beside / "deep" / "z.png"):
        save(path)
    (root / "a").symlink_to(root / "b")
    (root / "b" / "loop").symlink_to(root)
    (root / "c").symlink_to(beside)
    (beside / "back").symlink_to(tmp_path)
    (root / "w.png").symlink_to(beside / "deep" / "z.png")
    assert [str(path.relative_to(root)) for path in image_files(root)] == ["b/x.png", "c/deep/z.png", "w.png", "y.PNG"]
    assert len(image_files(root / "a")) == 4


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_cannot_be_listed_is_named(tmp_path):
    save(tmp_path / "closed" / "x.png")
    (tmp_path / "closed").chmod(0)
    with pytest.raises(NoImages, match="closed: cannot be listed"):
        image_files(tmp_path)
    (tmp_path / "closed").chmod(0o700)


def test_names_that_are_not_utf8(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    save(tmp_path / "good.png")
    (tmp_path / "good.png").rename(folder / os.fsdecode(b"\xe9.png"))
    (folder / os.fsdecode(b"\xe8.png")).write_bytes(b"bad")
    found = readable(image_files(folder))
    assert read_image(found.good[0], 3).shape == (3, 3, 3)
    assert [path.split("/")[-2:] for path in found.bad] == [["\\xff", "\\xe8.png"]]
    assert json.loads(json.dumps(found.record())) == found.record()
    str(found).encode()
    with pytest.raises(NoImages, match=r"\\\\xff") as caught:
        image_files(folder / "nowhere")
    str(caught.value).encode()


def test_unreadable_pictures_are_left_out_and_listed(tmp_path):
    for i in range(600):
        (tmp_path / f"{i:03}.png").write_bytes(b"") if i % 100 == 7 else save(tmp_path / f"{i:03}.png")
    frames = [Image.new("RGB", (3, 3), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "600.gif", save_all=True, append_images=frames[1:])
    files, told = image_files(tmp_path), []
    found = readable(files, progress=lambda *report: told.append(report))
    assert [Path(path).name for path in found.bad] == [f"{i}07.png" for i in range(6)]
    assert set(found.bad.values()) == {"the file is empty"}
    assert found.good == [path for path in files if str(path) not in found.bad]
    assert [Path(path).name for path in found.more_frames] == ["600.gif"]
    assert told[-1] == ("reading the pictures", 601, 601)
    assert "595 pictures; 6 cannot be read and are left out" in str(found)
    assert "of 1 with several frames the first is used" in str(found)
    assert sum(len(batch) for batch in ImageBatches(found.good, 3, 50, 0)) == 595
    with pytest.raises(UnreadableImage, match=r"007\.png: the file is empty"):
        readable(files, "stop")
    with pytest.raises(UnreadableImage, match=r"none of 1 pictures can be read, first .*007\.png"):
        readable(files[7:8])


def test_a_memory_spares_the_decoding_while_the_files_are_the_same(tmp_path, monkeypatch):
    folder, memory = tmp_path / "pictures", tmp_path / "memory.json"
    for i in range(5):
        save(folder / f"{i}.png")
    (folder / "2.png").write_bytes(b"")
    (folder / "5.png").symlink_to(tmp_path / "nowhere.png")
    files = image_files(folder)
    first = remembered(memory, folder, files)
    assert [Path(path).name for path in first.bad] == ["2.png", "5.png"]
    with monkeypatch.context() as patched:
        patched.setattr("distributional_view.backends.zoo.readable.decode", lambda path: pytest.fail("decoded"))
        assert remembered(memory, folder, files) == first
        with pytest.raises(UnreadableImage, match=r"2\.png: the file is empty"):
            remembered(memory, folder, files, "stop")
    for text in ("{", "[]", json.dumps({"folder": 1}), memory.read_text().replace('"folder": "', '"folder": "0')):
        memory.write_text(text)
        assert remembered(memory, folder, files) == first
    save(folder / "2.png")
    assert len(remembered(memory, folder, files).good) == 5


# --- Commands ---


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A backbone, a transcoder on its stage 1 and a folder of 12 pictures, the fifth and the last of them damaged."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("local")
    torch.save(official().state_dict(), folder / "net.pth")
    save_published(folder / "transcoder", publish(Transcoder(TranscoderSpec(16, 32, 3, "topk", 4), 0), "stages.1.0"))
    rng = np.random.default_rng(0)
    (folder / "images").mkdir()
    for i in range(12):
        pixels = np.kron(rng.integers(0, 256, (4, 4, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{i:02}.png")
    for i in (4, 11):
        content = (folder / "images" / f"{i:02}.png").read_bytes()
        (folder / "images" / f"{i:02}.png").write_bytes(content[:-30])
    return folder


def call(local, *arguments):
    return CliRunner().invoke(
        main, [str(a) for a in (*arguments, "--images", local / "images")], catch_exceptions=False
    )


@pytest.mark.filterwarnings("ignore:.*a ConvNeXt of no official size")
@pytest.mark.parametrize("stop", [False, True])
def test_a_retrieval_leaves_out_what_it_cannot_read_unless_told_to_stop(local, tmp_path, stop):
    arguments = ["explain", "--method", "retrieval", "--backbone", local / "net.pth", "--feature", 3, "--n", 2]
    arguments += ["--transcoder", local / "transcoder", "--size", 32, "--target", 1e-3, "--ungated", "--batch", 3]
    arguments += ["--reduction", "max", "--out", tmp_path]
    if stop:
        result = call(local, *arguments, "--on-bad-picture", "stop")
        assert result.exit_code == 1
        assert "04.png: " in result.output.replace("\n", "")
        return
    for _ in range(2):
        result = call(local, *arguments)
        assert result.exit_code == 0, result.output
        assert "10 pictures; 2 cannot be read and are left out, first " in result.output.replace("\n", " ")
    record = json.loads((tmp_path / "explanation.json").read_text())
    assert [Path(path).name for path in record["origin"]["pictures"]["unreadable"]] == ["04.png", "11.png"]
    assert record["pool"] == 10


@pytest.mark.filterwarnings("ignore:.*a ConvNeXt of no official size")
def test_a_training_numbers_the_pictures_that_it_can_read(local, tmp_path):
    arguments = ["train-transcoder", "--backbone", local / "net.pth", "--out", tmp_path, "--stage", 1, "--block", 0]
    arguments += ["--expansion", 2, "--kernel", 3, "--top-k", 4, "--learning-rate", 3e-3, "--steps", 3, "--batch", 4]
    result = call(local, *arguments, "--size", 32, "--held-out", 6)
    assert result.exit_code == 0, result.output
    job = json.loads((tmp_path / "job.json").read_text())
    assert job["images"]["files"] == 10
    assert [Path(path).name for path in job["images"]["unreadable"]] == ["04.png", "11.png"]
    assert "held-out = 7: must be in [1, 6]" in call(local, *arguments, "--size", 32, "--held-out", 7).output
