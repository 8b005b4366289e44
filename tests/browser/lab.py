"""The lab as a learner's hands meet it: open a scene, answer, move, read; waits for states, never for times."""

import re
from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from distributional_view.figures.lab.command import page
from tests.browser.conftest import arrive, complaints

SCENES = ("feature", "prices", "edge", "nudge", "world", "makers", "words", "own")
AXE = Path(__file__).resolve().parents[2] / "figures/lab/node_modules/axe-core/axe.min.js"


class Lab:
    """The page in a browser."""

    def __init__(self, browser: Chrome):
        self.browser = browser

    def open(self, scene: str, more: str = "") -> "Lab":
        """A scene afresh: no answer given, nothing left in the logs."""
        arrive(self.browser, f"{page().as_uri()}#scene={scene}{more}")
        return self.settled(scene)

    def settled(self, scene: str) -> "Lab":
        """Wait until a scene is built and drawn."""
        self.wait(lambda: (self.data("state"), self.data("scene")) == ("ready", scene), f"{scene} is not ready")
        return self

    def wait(self, condition, otherwise: str = "") -> None:
        WebDriverWait(self.browser, 30, poll_frequency=0.05).until(lambda _: condition(), otherwise)

    def after_drawing(self, action) -> None:
        """Do something that changes the state, and wait until it is drawn."""
        before = int(self.data("drawn"))
        action()
        self.wait(lambda: int(self.data("drawn")) > before, "nothing was drawn")

    def data(self, name: str) -> str | None:
        return self.browser.execute_script(f"return document.getElementById('lab').dataset.{name}")

    def find(self, selector: str):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """All text below an element, seen or not: what a screen reader could come upon."""
        return " ".join(self.find(selector).get_attribute("textContent").split())

    def alert(self) -> str:
        """The sentence about what was refused, once it stands there."""
        selector = "[data-part=sentence][role=alert]"
        self.wait(lambda: self.all(selector), "nothing was refused")
        return self.find(selector).text

    def answer(self, option: int = 0) -> None:
        self.after_drawing(
            lambda: self.browser.execute_script("arguments[0].click()", self.all("#story .option")[option])
        )

    def put(self, name: str, value: float) -> None:
        """Move a slider."""
        script = "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
        script += "e.dispatchEvent(new Event('input', { bubbles: true }))"
        self.browser.execute_script(script, name, value)

    def set_range(self, name: str, value: float) -> None:
        """Move a slider that changes the state, and wait until it is drawn."""
        self.after_drawing(lambda: self.put(name, value))

    def row(self, label: str) -> list[str]:
        """The two cells of a row of numbers."""
        for row in self.all("table.numbers tbody tr"):
            if row.find_element(By.TAG_NAME, "th").text == label:
                return [cell.text for cell in row.find_elements(By.TAG_NAME, "td")]
        raise AssertionError(f"no row {label!r}")

    def numbers(self, label: str) -> list[float]:
        return [number(cell) for cell in self.row(label)]

    def hash(self) -> str:
        return self.browser.execute_script("return location.hash")

    def width(self) -> int:
        return self.browser.execute_script("return document.documentElement.scrollWidth")

    def violations(self) -> list[str]:
        """What axe-core finds."""
        self.browser.execute_script(AXE.read_text(encoding="utf-8"))
        script = "const done = arguments[arguments.length - 1]; axe.run().then((found) => done(found.violations))"
        found = self.browser.execute_async_script(script)
        return [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:160]}" for v in found]

    def complaints(self) -> list[str]:
        failures = [node.text for node in self.all("#failure") if node.is_displayed()]
        return complaints(self.browser) + failures


def number(text: str) -> float:
    """A number as the page writes it: a true minus sign, thin spaces, per cent."""
    found = re.sub(r"[\s\u2009\u00a0]", "", text).replace("\u2212", "-")
    return float(found.rstrip("%")) / (100 if found.endswith("%") else 1)
