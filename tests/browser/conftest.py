"""A headless Chromium that opens files and reaches no host; what it asked for and what it complained about."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.support.ui import WebDriverWait

OWN = ("file:", "data:", "blob:", "about:")
"""Addresses that need no network."""


def chromium(width: int = 1280, height: int = 900, *, dark: bool = False, host: str = "") -> Chrome:
    """A browser without a network, but for a host if one is named; the caller quits it."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={width},{height}"):
        options.add_argument(argument)
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND" + (f", EXCLUDE {host}" if host else ""))
    if dark:
        options.add_argument("--blink-settings=preferredColorScheme=0")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options=options, service=ChromeService(shutil.which("chromedriver")))


def complaints(browser: Chrome) -> list[str]:
    """Since the last call: errors and warnings of the console, and what was asked for beside files."""
    said = [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return [*said, *(f"asked for {url}" for url in asked if not url.startswith(OWN))]


def arrive(browser: Chrome, address: str) -> None:
    """Open an address from a blank page and wait until its document is whole; nothing of an earlier one is in the logs.

    A driver may say that it has arrived while the old document still answers.
    """
    browser.get("about:blank")
    complaints(browser)
    browser.get(address)
    whole = "return document.URL !== 'about:blank' && document.readyState === 'complete'"
    WebDriverWait(browser, 30, poll_frequency=0.05).until(lambda b: b.execute_script(whole), f"{address} is not there")


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """One browser for the tests of a module."""
    found = chromium()
    yield found
    found.quit()


@pytest.fixture(scope="session")
def site() -> Path:
    """The built site."""
    folder = Path(__file__).resolve().parents[2] / "site"
    if not (folder / "index.html").is_file():
        pytest.fail(f"{folder} has no page: `make site` builds it")
    return folder
