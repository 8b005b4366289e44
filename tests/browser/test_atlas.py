"""An atlas opened from its files: sorted, searched, a feature's page with pictures; 16 000 features too."""

import time

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from distributional_view.backends.store.nearest import Directions
from distributional_view.backends.store.read import open_store
from distributional_view.figures.atlas.build import build
from distributional_view.figures.atlas.command import atlas
from tests.browser.conftest import arrive, chromium, complaints
from tests.support.stores import sparse_scores, write_store

pytestmark = pytest.mark.browser
DENSE = sparse_scores(200, 12, 0.5, seed=5)
DENSE[:, 3] = 0


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("atlas")
    for i in range(200):
        Image.new("RGB", (64, 64), (i, 60, 200)).save(folder / f"{i}.png")
    paths = [str(folder / f"{i}.png") for i in range(200)]
    write_store(folder / "s", DENSE, paths=paths, labels=["zebra </script>", "lion"] * 100)
    write_store(folder / "other", DENSE[:, ::-1].copy(), paths=paths)
    for feature, blue in (("7", 10), ("8", 20)):
        place = folder / "made" / "optimisation" / feature
        place.mkdir(parents=True)
        for k in range(2):
            Image.new("RGB", (40, 40), (200, 0, blue)).save(place / f"{k}.png")
    more = ["--made", str(folder / "made"), "--beside", str(folder / "other"), "--beside-atlas", str(folder / "two")]
    for arguments in (
        [str(folder / "other"), "--out", str(folder / "two")],
        [str(folder / "s"), "--out", str(folder / "out"), *more],
    ):
        result = CliRunner().invoke(atlas, arguments)
        assert result.exit_code == 0, result.output
    return folder / "out"


def rows(browser):
    return [r.find_element(By.TAG_NAME, "td").text for r in browser.find_elements(By.CSS_SELECTOR, "#body tr")]


def shown_best(browser, site):
    """Numbers of the pictures beside the features, whose red is their number."""
    sheet = np.asarray(Image.open(site / "sheets" / "index-0.jpg"))[16::32, 16::32, 0].ravel()
    found = []
    for best in browser.find_elements(By.CSS_SELECTOR, "#body .best"):
        x, y = (
            -int(part.removesuffix("px")) // 32 for part in best.value_of_css_property("background-position").split()
        )
        assert best.size == {"width": 32, "height": 32}
        assert "sheets/index-0.jpg" in best.value_of_css_property("background-image")
        found.append(round(int(sheet[16 * y + x])))
    return found


def show(browser, path, anchor=""):
    arrive(browser, path.as_uri() + anchor)


def search(browser, text):
    field = browser.find_element(By.ID, "search")
    field.clear()
    field.send_keys(text)


def test_the_index_is_sorted_and_searched(browser, site):
    show(browser, site / "index.html")
    assert rows(browser) == [str(j) for j in range(12)]
    heads, cells = (browser.find_elements(By.CSS_SELECTOR, path) for path in ("#head th", "#body tr:first-child td"))
    assert len(heads) == len(cells)
    assert all(
        h.rect["x"] == c.rect["x"] and h.rect["width"] == c.rect["width"] for h, c in zip(heads, cells, strict=True)
    )
    wanted = [int(DENSE[:, j].argmax()) for j in range(12) if j != 3]
    assert shown_best(browser, site) == pytest.approx(wanted, abs=2)  # JPEG
    browser.find_element(By.CSS_SELECTOR, "[data-name=density]").click()
    order = np.argsort(-(DENSE > 0).mean(0), kind="stable")
    assert rows(browser) == [str(j) for j in order]
    search(browser, "1")
    assert sorted(rows(browser)) == ["1", "10", "11"]
    search(browser, "density<0.01")
    assert rows(browser) == ["3"]
    assert not browser.find_elements(By.CSS_SELECTOR, "#body a")
    assert complaints(browser) == []


def test_a_feature_has_its_pictures(browser, site):
    show(browser, site / "feature.html", "#7")
    WebDriverWait(browser, 10).until(lambda b: b.execute_script("return document.body.dataset.state") == "ready")
    first = browser.find_elements(By.CSS_SELECTOR, "#levels .tiles")[0]
    named = [figure.get_attribute("title") for figure in first.find_elements(By.TAG_NAME, "figure")]
    top = np.argsort(-DENSE[:, 7], kind="stable")[:9]
    assert [name.split("/")[-1 if "lion" in name else -2].split(".png")[0] for name in named] == [str(i) for i in top]
    assert len(first.find_elements(By.CSS_SELECTOR, ".patch")) == 9
    assert len(browser.find_elements(By.CSS_SELECTOR, "#law path")) == 3
    assert browser.find_elements(By.CSS_SELECTOR, "#near a")
    assert f"to {DENSE[:, 7].max():.4g}" in browser.find_element(By.ID, "axis").text
    assert complaints(browser) == []


def test_the_partner_and_what_methods_made_stand_beside(browser, site):
    show(browser, site / "feature.html", "#7")
    WebDriverWait(browser, 10).until(lambda b: b.execute_script("return document.body.dataset.state") == "ready")
    heads = [head.text for head in browser.find_elements(By.CSS_SELECTOR, "#beside h3")]
    partner = "partner in other: feature 4 (correlation 1.00), the highest"
    assert heads == [partner, "made by optimisation"]
    sheet = np.asarray(Image.open(site / "sheets" / "7-beside.jpg")).astype(int)
    tiles = browser.find_elements(By.CSS_SELECTOR, "#beside .tile")
    red = [
        sheet[y + 5, x + 5]
        for x, y in (
            [-int(part.removesuffix("px")) for part in tile.value_of_css_property("background-position").split()]
            for tile in tiles
        )
    ]
    top = np.argsort(-DENSE[:, 7], kind="stable")[:9]
    assert [int(colour[0]) for colour in red] == pytest.approx([*top, 200, 200], abs=4)
    assert [int(colour[2]) for colour in red[9:]] == pytest.approx([10, 10], abs=6)
    captions = browser.find_elements(By.CSS_SELECTOR, "#beside figcaption")
    assert [float(one.text) for one in captions] == pytest.approx(DENSE[top, 7], rel=1e-3)
    show(browser, site / "feature.html", "#0")
    WebDriverWait(browser, 10).until(lambda b: b.execute_script("return document.body.dataset.state") == "ready")
    assert [head.text[:7] for head in browser.find_elements(By.CSS_SELECTOR, "#beside h3")] == ["partner"]
    show(browser, site / "index.html")
    last = [row.find_elements(By.TAG_NAME, "td")[-1].text for row in browser.find_elements(By.CSS_SELECTOR, "#body tr")]
    assert last == ["–" if j == 3 else f"{11 - j} (1.00)" for j in range(12)]
    assert browser.find_elements(By.CSS_SELECTOR, "#head th")[-1].text == "partner in other"
    way = browser.find_elements(By.CSS_SELECTOR, "#body tr:first-child a")[-1].get_attribute("href")
    assert way == (site.parent / "two" / "feature.html").as_uri() + "#11"
    arrive(browser, way)
    WebDriverWait(browser, 10).until(lambda b: b.title == "Feature 11")
    assert complaints(browser) == []


def test_neighbours_are_links_where_they_have_a_page(browser, tmp_path):
    """Of five features the first two have pages; the last never fires."""
    dense = sparse_scores(60, 5, 0.5, seed=2)
    dense[:, 1:3], dense[:, 4] = dense[:, :1] + 0.1 * (dense[:, 1:3] > 0), 0
    store = open_store(write_store(tmp_path / "s", dense))
    rows = np.array([[1, 0], [1, 1], [2, 1], [0, -1], [4, 1]], np.float32)
    build(store, tmp_path / "out", features=[0, 1], directions=Directions(rows))
    show(browser, tmp_path / "out" / "feature.html", "#0")
    WebDriverWait(browser, 10).until(lambda b: b.execute_script("return document.body.dataset.state") == "ready")
    close = browser.find_element(By.ID, "close")
    assert close.text.split(": ")[1] == "4 (0.97, never fires) 2 (0.89) 1 (0.71)"
    for kind in ("close", "near"):
        assert [a.text.split()[0] for a in browser.find_elements(By.CSS_SELECTOR, f"#{kind} a")] == ["1"]
    show(browser, tmp_path / "out" / "index.html")
    assert [h.text for h in browser.find_elements(By.CSS_SELECTOR, "#head th")][-1] == "by decoder"
    last = [row.find_elements(By.TAG_NAME, "td")[-1].text for row in browser.find_elements(By.CSS_SELECTOR, "#body tr")]
    assert last == ["4 (0.97)", "2 (0.95)", "4 (0.98)", "–", "2 (0.98)"]
    build(store, tmp_path / "out", features=[0], directions=Directions(None, "nobody knows"))
    show(browser, tmp_path / "out" / "feature.html", "#0")
    WebDriverWait(browser, 10).until(lambda b: b.execute_script("return document.body.dataset.state") == "ready")
    assert browser.find_element(By.ID, "close").text.endswith("(cosine): nobody knows.")
    assert complaints(browser) == []


COLOURS = """
const ground = document.createElement("i");
ground.style.background = "Canvas";
document.body.append(ground);
const of = (path, name) => [...document.querySelectorAll(path)].map(e => [path, getComputedStyle(e)[name]]);
return [getComputedStyle(ground).backgroundColor, [...of("#law line:not(.grid)", "stroke"), ...of("#law text", "fill"),
  ...of("#law path", "stroke"), ...of("#axis b", "color"), ...of("h3", "color")]];
"""


def luminance(colour):
    """Relative, in [0, 1], of "rgb(r, g, b)". Source: WCAG 2.1."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("dark", [False, True])
def test_the_law_can_be_read_in_light_and_dark_and_on_a_telephone(site, dark):
    """Contrast at least 4.5 for words and 3 for lines (WCAG 2.1); two axes with numbers, inside the picture."""
    browser = chromium(500, 900, dark=dark)
    metrics = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    try:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        show(browser, site / "feature.html", "#7")
        WebDriverWait(browser, 10).until(lambda b: b.execute_script("return document.body.dataset.state") == "ready")
        ground, found = browser.execute_script(COLOURS)
        assert (luminance(ground) < 0.1) == dark
        for path, colour in found:
            low, high = sorted(map(luminance, (ground, colour)))
            assert (high + 0.05) / (low + 0.05) >= (3 if path.endswith(("grid)", "path")) else 4.5), (path, colour)
        assert len({colour for path, colour in found if path == "#law path"}) == 3
        numbers = [e.text for e in browser.find_elements(By.CSS_SELECTOR, "#law text")]
        assert {"1", "0", "score"} <= set(numbers)
        assert len(numbers) >= 6
        frame = browser.find_element(By.ID, "law").rect
        assert frame["x"] + frame["width"] <= 390
        for element in browser.find_elements(By.CSS_SELECTOR, "#law text"):
            inside = element.rect
            assert frame["x"] <= inside["x"]
            assert inside["x"] + inside["width"] <= frame["x"] + frame["width"] + 1
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
        assert complaints(browser) == []
    finally:
        browser.quit()


def test_sixteen_thousand_features(browser, tmp_path):
    rng = np.random.default_rng(0)
    dense = np.where(rng.random((60, 16_000)) < 0.2, rng.gamma(1.0, 1.0, (60, 16_000)), 0).astype(np.float32)
    store = write_store(tmp_path / "s", dense)
    result = CliRunner().invoke(atlas, [str(store), "--out", str(tmp_path / "out"), "--feature", "5"])
    assert result.exit_code == 0, result.output
    show(browser, tmp_path / "out" / "index.html")
    assert len(rows(browser)) < 100
    started = time.perf_counter()
    browser.find_element(By.CSS_SELECTOR, "[data-name=max]").click()
    assert rows(browser)[0] == str(dense.max(0).argmax())
    assert time.perf_counter() - started < 5
    search(browser, "1599")
    assert sorted(rows(browser)) == sorted(["1599", *(str(j) for j in range(15_990, 16_000))])
    assert complaints(browser) == []
