"""A model as a rater, through an endpoint that the user names and that speaks OpenAI's chat completions.

A grid is sent as a PNG in a data address, with no name of a method, a feature or the item. Every reply is kept as it
came; one that is no answer is asked for again. What fails for a while (too many requests, a server's fault, a lost
connection) is tried again after a wait; what fails for good ends the work, and the same call goes on from there.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from distributional_view.errors import UserError
from distributional_view.figures.study.answers import MODEL, Unusable, parse_reply, read_answers
from distributional_view.figures.study.page import data_address
from distributional_view.figures.study.server import append
from distributional_view.figures.study.study import Study
from distributional_view.figures.study.words import REQUEST, SYSTEM
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent

PASSING = (408, 409, 425, 429, 500, 502, 503, 504)
"""Statuses after which it is worth trying again."""
LONGEST_WAIT = 60.0
"""Between two tries, seconds."""
LARGEST = 1 << 20
"""Of a reply, bytes."""


class _Failed(Exception):
    """A try that failed for a while: why, and how long to wait (None: as we like)."""

    def __init__(self, why: str, wait: float | None = None):
        super().__init__(why)
        self.wait = wait


class _NoRedirects(HTTPRedirectHandler):
    """A key is for the address that the user named, and for no other."""

    def redirect_request(self, *args: Any, **named: Any) -> None:
        """None: urllib then raises the redirect as an error."""


@dataclass(frozen=True)
class Endpoint:
    """Where a model is asked.

    Args:
        url: the base, such as http://127.0.0.1:8000/v1; "/chat/completions" is added.
        model: its name there.
        key: sent as a bearer token; None: no header.
        timeout: of a request, seconds, > 0.
        tries: of an item in one call, replies that are no answers included, >= 1.
        temperature: None: the server's own.
        wait: sleeps; for tests.

    Raises:
        ValueError: for a number out of range, or an address that is none.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    timeout: float = 120.0
    tries: int = 5
    temperature: float | None = None
    wait: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        ok = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
        require(ok, "rater", self.url, "an address such as https://HOST/v1")
        require(parts.username is None and parts.password is None, "rater", "an address with a password", "without one")
        require(bool(self.model.strip()), "model", self.model, "the name of a model")
        require(math.isfinite(self.timeout) and self.timeout > 0, "timeout", self.timeout, "finite and > 0 (seconds)")
        require(self.tries >= 1, "tries", self.tries, ">= 1")
        if self.temperature is not None:
            ok = math.isfinite(self.temperature) and self.temperature >= 0
            require(ok, "temperature", self.temperature, "finite and >= 0")

    def reply(self, image: str) -> str:
        """What the model says of a grid, given as a data address.

        Raises:
            UserError: if the endpoint refuses, or is no such endpoint.
        """
        content = [{"type": "text", "text": REQUEST}, {"type": "image_url", "image_url": {"url": image}}]
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": content}],
        }
        if self.temperature is not None:
            body["temperature"] = self.temperature
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        address = f"{self.url.rstrip('/')}/chat/completions"
        request = Request(address, json.dumps(body).encode(), headers, method="POST")
        try:
            with build_opener(_NoRedirects).open(request, timeout=self.timeout) as found:
                told = found.read(LARGEST)
        except HTTPError as error:
            said = f"{self.url} answers {error.code} {error.reason}: {error.read(500).decode('utf-8', 'replace')}"
            if error.code in PASSING:
                raise _Failed(said, _seconds(error.headers.get("Retry-After"))) from error
            raise UserError(said) from error
        except (URLError, HTTPException, OSError) as error:
            raise _Failed(f"{self.url} cannot be reached: {getattr(error, 'reason', None) or error}") from error
        try:
            text = json.loads(told)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError) as error:
            begun = told[:200].decode("utf-8", "replace")
            raise UserError(f"{self.url} gives no chat completion: {begun!r}") from error
        return text if isinstance(text, str) else ""


def rate(study: Study, endpoint: Endpoint, rater: str, progress: Progress = silent) -> int:
    """Ask for every item that has no answer yet, and write the replies down.

    Args:
        study: what is rated.
        endpoint: who is asked.
        rater: the name under which the answers are kept.
        progress: told after each item.

    Returns:
        How many items have no answer after all tries.

    Raises:
        UserError: if the endpoint refuses, or cannot be reached after all tries; what was answered is kept.
    """
    path = study.answers(rater)
    done = {answer.item for answer in read_answers([path], study).answers} if path.is_file() else set()
    left, told = [item for item in study.items if item not in done], len(done)
    failed = 0
    for item in left:
        failed += not _asked(study, endpoint, rater, item)
        told += 1
        progress(f"asking {endpoint.model}", told, len(study.items))
    return failed


def _asked(study: Study, endpoint: Endpoint, rater: str, item: str) -> bool:
    """Ask for one item; whether there is an answer."""
    image, said = data_address(study.grid(item)), False
    for number in range(endpoint.tries):
        try:
            reply = endpoint.reply(image)
        except _Failed as failure:
            if number + 1 == endpoint.tries and not said:
                raise UserError(f"{failure} ({endpoint.tries} tries): the same call goes on from here") from failure
            endpoint.wait(min(LONGEST_WAIT, 2.0**number if failure.wait is None else failure.wait))
            continue
        said = True
        row = {"study": study.name, "rater": rater, "kind": MODEL, "item": item, "reply": reply}
        append(study.answers(rater), {**row, "model": endpoint.model})
        try:
            parse_reply(reply)
        except Unusable:
            continue
        return True
    return False


def _seconds(value: str | None) -> float | None:
    """A wait in seconds; a date, which the header may hold too, counts as none."""
    return float(value) if value is not None and value.strip().isdigit() else None
