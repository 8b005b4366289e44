"""The folder of a report: one writer at a time, no page of an earlier report beside this one, errors that name it."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from distributional_view.errors import UserError

REPORT = "report.json"
_PAGE = re.compile(r"report(-\d+)?\.(png|pdf)")
_HALF = re.compile(r"\.partial-\d+-(report(-\d+)?\.(png|pdf|json)|probe)")


class ReportFolder:
    """A folder that is held while a report is written; makes it if need be.

    The hold is a lock of the operating system on the folder itself: it leaves no file, and a killed process gives it
    back. Systems without such locks (Windows) have none.

    Args:
        out: the folder.

    Raises:
        UserError: on entering, if the folder cannot be made or written, or is held by another report.
    """

    def __init__(self, out: Path):
        self.out = out
        self._held: int | None = None

    def __enter__(self) -> "ReportFolder":
        with self.writing():
            self.out.mkdir(parents=True, exist_ok=True)
            self._hold()
            try:
                probe = self.out / f".partial-{os.getpid()}-probe"
                probe.touch()
                probe.unlink()
                self._sweep()
                self._before = self._listed()
            except OSError:
                self._release()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    @contextmanager
    def writing(self) -> Iterator[None]:
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
                if _HALF.fullmatch(path.name):
                    path.unlink()

    def _listed(self) -> set[str]:
        """The pages that the report in the folder calls its own."""
        try:
            pages = json.loads((self.out / REPORT).read_text(encoding="utf-8"))["pages"]
        except (OSError, ValueError, KeyError, TypeError):
            return set()
        return {p for p in pages if isinstance(p, str) and _PAGE.fullmatch(p)} if isinstance(pages, list) else set()

    def _hold(self) -> None:
        try:
            import fcntl
        except ImportError:
            return
        self._held = os.open(self.out, os.O_RDONLY)
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._release()
            free = "a folder that no other report is being written to (wait, or name another)"
            raise UserError(f"out = {str(self.out)!r}: must be {free}") from None
        except OSError:  # a file system without locks
            self._release()

    def _release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None
