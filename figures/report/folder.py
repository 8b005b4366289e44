"""The folder of a report: one writer at a time, no page of an earlier report beside this one, errors that name it."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from distributional_view.errors import UserError
from distributional_view.locks import lock

REPORT = "report.json"
EMPTY = "report-empty.json"
_PAGE = re.compile(r"report(-\d+)?(-pictures)?\.(png|pdf)")
_STAGE = re.compile(r"\.partial-\d+-report")


class ReportFolder:
    """A folder that is held while a report is written; makes it if need be.

    The hold is a lock of the operating system on the folder itself: it leaves no file, and a killed process gives it
    back. Systems without such locks (Windows) have none.

    Files are written in a folder inside and put in their places when a page is complete, so that a full disk leaves
    what was there before.

    Args:
        out: the folder.

    Raises:
        UserError: on entering, if the folder cannot be made or written, or is held by another report.
    """

    def __init__(self, out: Path):
        self.out = out
        self._stage = out / f".partial-{os.getpid()}-report"
        self._held: int | None = None

    def __enter__(self) -> "ReportFolder":
        with self._named():
            self.out.mkdir(parents=True, exist_ok=True)
            self._hold()
            try:
                self._sweep()
                shutil.rmtree(self._stage, ignore_errors=True)
                self._stage.mkdir()
                self._stage.rmdir()
            except OSError:
                self._release()
                raise
        self._before = self._listed()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    @contextmanager
    def page(self) -> Iterator[Path]:
        """A folder for the files of a page and for `REPORT`; all are put in their places in the end, or none.

        `EMPTY`, if it is there, is put in the place of `REPORT` first: it is what stands there until the pages do.
        """
        with self._named():
            self._stage.mkdir()
            try:
                yield self._stage
                names = sorted(path.name for path in self._stage.iterdir())
                pages = [name for name in names if _PAGE.fullmatch(name)]
                for name in [EMPTY] * (EMPTY in names) + pages + [REPORT]:
                    (self._stage / name).replace(self.out / (REPORT if name == EMPTY else name))
            finally:
                shutil.rmtree(self._stage, ignore_errors=True)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Failures of the file system inside become errors that name the folder."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise UserError(f"out = {str(self.out)!r}: must be a folder that can be written ({reason})") from None

    def tidy(self, pages: Sequence[str]) -> None:
        """Remove the pages of the report that was here before, unless this one has written them anew."""
        for name in self._before - set(pages):
            with suppress(OSError):
                (self.out / name).unlink()

    def _sweep(self) -> None:
        """Remove what killed reports left half written; nobody else writes one here now."""
        if self._held is not None:
            for path in self.out.iterdir():
                if _STAGE.fullmatch(path.name):
                    shutil.rmtree(path)

    def _listed(self) -> set[str]:
        """The pages that the report in the folder calls its own."""
        try:
            pages = json.loads((self.out / REPORT).read_text(encoding="utf-8"))["pages"]
        except (OSError, ValueError, KeyError, TypeError):
            return set()
        return {p for p in pages if isinstance(p, str) and _PAGE.fullmatch(p)} if isinstance(pages, list) else set()

    def _hold(self) -> None:
        if sys.platform == "win32":  # folders cannot be opened there
            return
        self._held = os.open(self.out, os.O_RDONLY)
        if not lock(self._held):
            self._release()
            free = "a folder that no other report is being written to (wait, or name another)"
            raise UserError(f"out = {str(self.out)!r}: must be {free}")

    def _release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None
