"""The page of a study in Chromium, by keyboard: served by this machine, and opened from its file."""

import json
import threading

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from distributional_view.figures.study.answers import read_answers
from distributional_view.figures.study.server import HOST, StudyServer
from tests.browser.conftest import arrive, chromium, complaints
from tests.support.studies import make_study

pytestmark = pytest.mark.browser


@pytest.fixture
def study(tmp_path):
    return make_study(tmp_path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def page(saved):
    browser = chromium(host=HOST)
    browser.execute_cdp_cmd("Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(saved)})
    yield Page(browser)
    browser.quit()


@pytest.fixture
def served(study):
    with StudyServer(study) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Page:
    """The page as a rater meets it."""

    def __init__(self, browser):
        self.browser = browser

    def find(self, name):
        return self.browser.find_element(By.ID, name)

    def wait(self, condition, otherwise=""):
        return WebDriverWait(self.browser, 30, poll_frequency=0.05).until(lambda _: condition(), otherwise)

    def state(self):
        return self.browser.execute_script("return document.body.dataset.state")

    def open(self, address, rater):
        arrive(self.browser, address)
        self.wait(lambda: self.state() == "start")
        self.browser.switch_to.active_element.send_keys(rater, Keys.ENTER)
        self.wait(lambda: self.state() != "start", self.find("error").text)

    def shows(self):
        """The grid's address, once the picture is there."""
        whole = "const g = document.getElementById('grid'); return g.complete && g.naturalWidth > 0 && g.src"
        return self.wait(lambda: self.browser.execute_script(whole))

    def rate(self, words, score):
        """Without a mouse: words, Enter, a digit, Enter."""
        before = self.find("where").text
        self.press(words, Keys.ENTER)
        self.press(str(score))
        self.press(Keys.ENTER)
        self.wait(lambda: self.state() == "end" or self.find("where").text != before, self.find("error").text)

    def press(self, *keys):
        self.browser.switch_to.active_element.send_keys(*keys)


def items_shown(page, address):
    return address.rsplit("/", 1)[1].removesuffix(".png")


def test_a_rater_answers_by_keyboard_and_resumes(page, served, study):
    page.open(served.address, "ann")
    seen = {}
    for k in range(5):
        seen[items_shown(page, page.shows())] = k % 4 + 1
        page.rate(f"thing {k}", k % 4 + 1)
    page.open(served.address, "ann")
    assert page.find("where").text == "6 of 12, 5 answered"
    page.press(Keys.ALT, Keys.LEFT)
    page.wait(lambda: page.find("where").text.startswith("5 of 12"))
    assert page.find("concept").get_attribute("value") == "thing 4"
    page.find("concept").clear()
    item = items_shown(page, page.shows())
    page.find("concept").send_keys("other thing", Keys.ENTER)
    page.wait(lambda: page.find("where").text.startswith("6 of 12"))
    for k in range(5, 12):
        seen[items_shown(page, page.shows())] = k % 4 + 1
        page.rate(f"thing {k}", k % 4 + 1)
    assert page.state() == "end"
    assert not page.find("save").is_displayed()
    found = read_answers([study.answers("ann")], study)
    assert {a.item: a.score for a in found.answers} == seen
    assert (len(found.answers), found.revised, list(found.rejected)) == (12, 1, [])
    assert {a.concept for a in found.answers if a.item == item} == {"other thing"}
    assert [c for c in complaints(page.browser) if served.address not in c] == []


def test_raters_see_the_grids_in_different_orders(page, served):
    orders = []
    for rater in ("ann", "bob", "ann"):
        page.open(served.address, rater)
        orders.append(page.browser.execute_script("return state.order.map(one => one.item)"))
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_what_is_missing_is_asked_for(page, served, study):
    page.open(served.address, "cat")
    page.shows()
    page.find("next").click()
    assert "Write what they have in common" in page.find("error").text
    page.press("x")
    page.find("next").click()
    assert "Choose a score" in page.find("error").text
    assert not study.answers("cat").exists()


def test_an_answer_that_is_not_kept_stays_on_the_page(page, served, study):
    page.open(served.address, "dan")
    page.shows()
    served.keep = lambda row: (_ for _ in ()).throw(ValueError("no room"))
    page.press("stripes", Keys.ENTER)
    page.press("2", Keys.ENTER)
    page.wait(lambda: "Not kept, press Next again: no room" in page.find("error").text)
    assert page.find("concept").get_attribute("value") == "stripes"
    del served.keep
    page.find("next").click()
    page.wait(lambda: page.find("where").text.startswith("2 of"))
    assert len(read_answers([study.answers("dan")], study).answers) == 1


def test_the_file_needs_no_server(page, study, saved, tmp_path):
    address = (study.folder / "raters" / "rate.html").as_uri()
    page.open(address, "eve m")
    for k in range(3):
        assert page.shows().startswith("data:image/png;base64,")
        page.rate(f"thing {k}", k + 1)
    page.open(address, "eve m")
    assert page.find("where").text == "4 of 12, 3 answered", "kept in the browser"
    page.find("stop").click()
    assert page.find("thanks").text == "3 of 12 grids answered"
    page.find("save").click()
    file = saved / "eve m.jsonl"
    page.wait(file.exists)
    found = read_answers([file], study)
    assert sorted(a.score for a in found.answers) == [1, 2, 3]
    assert {a.rater for a in found.answers} == {"eve m"}
    page.browser.execute_script("localStorage.clear()")
    arrive(page.browser, address)
    page.find("file").send_keys(str(file))
    page.find("rater").send_keys("eve m", Keys.ENTER)
    page.wait(lambda: page.find("where").text == "4 of 12, 3 answered", "from the file")
    for k in range(3, 12):
        page.shows()
        page.rate(f"thing {k}", 4)
    file.unlink()
    page.find("save").click()
    page.wait(file.exists)
    assert len(read_answers([file], study).answers) == 12
    assert complaints(page.browser) == []
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"study": "x", "item": "001"}) + "\n")
    arrive(page.browser, address)
    page.find("file").send_keys(str(other))
    page.find("rater").send_keys("zoe", Keys.ENTER)
    page.wait(lambda: "is of another study" in page.find("error").text)
