"""The page of a study on this machine alone: hands out grids, takes answers. It knows no key and no other file.

It listens on 127.0.0.1. A page of another site that the same browser shows can neither read from it nor send to it:
the Host must be ours, and answers are JSON, which browsers do not send elsewhere without leave.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

from distributional_view.errors import UserError
from distributional_view.figures.study.answers import PERSON, Unusable, answer_of, named, read_answers
from distributional_view.figures.study.page import served_page
from distributional_view.figures.study.study import GRIDS, Study

HOST = "127.0.0.1"
LARGEST = 1 << 16
"""Of a message, bytes."""
POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class StudyServer(ThreadingHTTPServer):
    """A server of one study; `serve_forever` runs it, `address` says where.

    Args:
        study: what is rated.
        port: 0 for any that is free.

    Raises:
        UserError: if the port is taken.
    """

    daemon_threads = True

    def __init__(self, study: Study, port: int = 0) -> None:
        self.study, self.page, self.writing = study, served_page(study).encode(), Lock()
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise UserError(f"port = {port}: cannot be used: {error.strerror}: choose another one, or 0") from error

    @property
    def address(self) -> str:
        """Of the page."""
        return f"http://{HOST}:{self.server_port}/"

    def keep(self, row: Any) -> None:
        """Write down an answer; it is on the disk when this returns.

        Raises:
            Unusable: if it is none.
        """
        answer = answer_of(row, self.study)
        with self.writing:
            append(self.study.answers(answer.rater), {**row, "rater": answer.rater})


def append(path: Path, row: dict[str, Any]) -> None:
    """Add a line to a file of answers; one that was cut off before stays a line of its own.

    Raises:
        UserError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from error


class _Handler(BaseHTTPRequestHandler):
    server: StudyServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        study = self.server.study
        if not self._ours():
            return
        if url.path == "/":
            self._send(200, "text/html; charset=utf-8", self.server.page)
        elif url.path == "/answers":
            self._answered(parse_qs(url.query).get("rater", [""])[0])
        elif url.path.startswith(f"/{GRIDS}/") and (item := url.path[len(GRIDS) + 2 : -4]) in study.items:
            self._send(200, "image/png", study.grid(item).read_bytes())
        else:
            self._say(404, "nothing here")

    def do_POST(self) -> None:
        content = self._read()
        if not self._ours():
            return
        if self.path != "/answers" or self.headers.get("Content-Type") != "application/json":
            self._say(404, "answers go to /answers, as application/json")
        elif content is None:
            self._say(413, f"at most {LARGEST} bytes")
        else:
            try:
                row = json.loads(content)
                self.server.keep({**row, "kind": PERSON} if isinstance(row, dict) else row)
            except UserError as error:
                self._say(500, str(error))
            except ValueError as error:  # no JSON, or no answer
                self._say(400, str(error))
            else:
                self._say(200, "kept")

    def _read(self) -> bytes | None:
        """The message, None if it is too long. It is read in any case, since a browser hears nothing while it sends."""
        length = self.headers.get("Content-Length", "0")
        left = int(length) if length.isdigit() else 0
        if left <= LARGEST:
            return self.rfile.read(left)
        while left > 0 and (part := self.rfile.read(min(left, LARGEST))):
            left -= len(part)
        return None

    def _answered(self, rater: str) -> None:
        """The answers that this rater has given, so that it goes on."""
        study = self.server.study
        try:
            path = study.answers(named(rater))
        except Unusable as error:
            self._say(400, str(error))
            return
        answers = read_answers([path], study).answers if path.is_file() else []
        told = {answer.item: {"concept": answer.concept, "score": answer.score} for answer in answers}
        self._send(200, "application/json", json.dumps(told).encode())

    def _ours(self) -> bool:
        """Whether the address that was asked for is this machine's; another name that leads here is refused."""
        port = self.server.server_port
        ok = self.headers.get("Host") in (f"{HOST}:{port}", f"localhost:{port}")
        if not ok:
            self._say(403, "not from here")
        return ok

    def _say(self, status: int, words: str) -> None:
        self._send(status, "application/json", json.dumps({"said": words}).encode())

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(content)), "Cache-Control": "no-store"}
        more = {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        for name, value in (headers | more).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
