"""Writing files so that an interrupted run leaves the old one or the new one, never half of it."""

from pathlib import Path


def write_whole(path: Path, text: str) -> Path:
    """Write a text file whole or not at all; makes the folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)
    return path
