"""The built site as a reader uses it, from files: search, mathematics, links, dark, small; no network, no complaint."""

from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import frame_to_be_available_and_switch_to_it
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.conftest import arrive, chromium, complaints

pytestmark = pytest.mark.browser
SAMPLE = (
    "index.html",
    "statements/index.html",
    "statements/equations.html",
    "statements/theorem-d-14/index.html",
    "statements/ours-gap/index.html",
    "statements/appendix-c-1/index.html",
    "reference/notation.html",
    "reference/commands.html",
    "reference/api/package.html",
    "reference/api/theory-solutions.html",
    "tutorials/play.html",
    "explanation/imprecise.html",
)


def show(browser: Chrome, path: Path) -> None:
    """Open a page from its file."""
    arrive(browser, path.as_uri())


def search(browser: Chrome, site: Path, query: str, page: str) -> None:
    """Search, and wait until one of the first three addresses, relative to the site, begins as wanted."""
    show(browser, site / "index.html")
    field = browser.find_element(By.CSS_SELECTOR, "input.md-search__input")
    browser.execute_script("arguments[0].focus()", field)
    field.send_keys(query)

    def first(browser: Chrome) -> list[str]:
        links = browser.find_elements(By.CSS_SELECTOR, "a.md-search-result__link")[:3]
        return [str(link.get_attribute("href")).split("?")[0].removeprefix(f"{site.as_uri()}/") for link in links]

    wait = WebDriverWait(browser, 20, ignored_exceptions=[StaleElementReferenceException])  # the list fills in steps
    wait.until(lambda b: any(address.startswith(page) for address in first(b)), f"no {page} for {query}")


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("D.14", "statements/theorem-d-14/"),
        ("(66)", "statements/lemma-d-7/"),
        ("(1)", "statements/definition-b-2/"),
        ("(12)", "statements/lemma-d-7/"),
        ("Lemma D.7", "statements/lemma-d-7/"),
        ("reverse KL", "statements/ours-reverse-kl/"),
        ("calibrate_klsc", "reference/api/"),
    ],
)
def test_search_finds(browser, site, query, page):
    search(browser, site, query, page)
    assert complaints(browser) == []


@pytest.mark.parametrize("name", SAMPLE)
def test_pages_load_without_a_complaint(browser, site, name):
    show(browser, site / name)
    assert browser.find_elements(By.CSS_SELECTOR, "article h1")
    assert complaints(browser) == []


def test_a_complaint_is_seen(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<img src="https://example.org/x.png"><script>throw new Error("broken")</script>')
    show(browser, page)
    seen = "\n".join(complaints(browser))
    assert "asked for https://example.org/x.png" in seen
    assert "broken" in seen


@pytest.mark.parametrize("name", ["theorem-d-14", "lemma-d-12", "algorithm-1", "ours-nelson-aalen"])
def test_mathematics_is_rendered(browser, site, name):
    show(browser, site / "statements" / name / "index.html")
    assert browser.find_elements(By.CSS_SELECTOR, ".arithmatex .katex-display .katex-html")
    assert not browser.find_elements(By.CSS_SELECTOR, ".katex-error")
    for formula in browser.find_elements(By.CSS_SELECTOR, ".arithmatex"):
        assert "\\[" not in formula.text
    loaded = "return [...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    WebDriverWait(browser, 5).until(lambda b: any("KaTeX_Math" in name for name in b.execute_script(loaded)))


def test_from_a_statement_to_its_code_and_back(browser, site):
    show(browser, site / "statements" / "theorem-d-14" / "index.html")
    link = browser.find_element(By.PARTIAL_LINK_TEXT, "interpretability_gap")
    address = link.get_attribute("href")
    arrive(browser, address)
    anchor = address.partition("#")[2]
    assert browser.find_element(By.ID, anchor).is_displayed()
    back = browser.find_elements(By.CSS_SELECTOR, 'article a[href$="statements/theorem-d-14/index.html#theorem-d-14"]')
    assert back
    arrive(browser, back[0].get_attribute("href"))
    assert browser.find_element(By.CSS_SELECTOR, "article h1").text.startswith("Theorem D.14")


def brightness(browser: Chrome, selector: str, what: str) -> float:
    """Of a colour of an element, from 0 to 255."""
    colour = browser.find_element(By.CSS_SELECTOR, selector).value_of_css_property(what)
    red, green, blue = (float(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3])
    return 0.3 * red + 0.6 * green + 0.1 * blue


def test_dark_where_the_reader_asks_for_it(site):
    for dark in (False, True):
        browser = chromium(dark=dark)
        try:
            show(browser, site / "statements" / "lemma-d-7" / "index.html")
            ground, text = brightness(browser, "body", "background-color"), brightness(browser, ".katex", "color")
            assert (ground < 80 < 150 < text) if dark else (ground > 200 > 100 > text), (dark, ground, text)
        finally:
            browser.quit()


def test_nothing_is_wider_than_a_telephone(site):
    browser = chromium()
    try:
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        )
        for name in SAMPLE:
            show(browser, site / name)
            width = browser.execute_script("return document.documentElement.scrollWidth")
            assert width <= 390, (name, width)
    finally:
        browser.quit()


def test_the_lab_plays_inside_the_site_and_links_its_statements(browser, site):
    show(browser, site / "tutorials" / "play.html")
    frame = browser.find_element(By.CSS_SELECTOR, "article iframe")
    browser.execute_script("arguments[0].scrollIntoView()", frame)
    WebDriverWait(browser, 20).until(frame_to_be_available_and_switch_to_it(frame))
    try:
        ready = "return document.getElementById('lab')?.dataset.state"
        WebDriverWait(browser, 20).until(lambda b: b.execute_script(ready) == "ready")
        browser.execute_script("document.querySelector('#story .option').click()")
        links = browser.find_elements(By.CSS_SELECTOR, "[data-part=proof] a")
        addresses = [str(link.get_attribute("href")) for link in links]
    finally:
        browser.switch_to.default_content()
    assert addresses
    for address in addresses:
        assert Path(unquote(urlparse(address).path)).is_file(), address
    assert complaints(browser) == []
