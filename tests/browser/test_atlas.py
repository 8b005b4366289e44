"""An atlas opened from its files: sorted, searched, a feature's page with pictures; 16 000 features too."""

import time

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from distributional_view.figures.atlas.command import atlas
from tests.browser.conftest import arrive, complaints
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
    more = ["--made", str(folder / "made"), "--beside", str(folder / "other")]
    result = CliRunner().invoke(atlas, [str(folder / "s"), "--out", str(folder / "out"), *more])
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
    assert len(browser.find_elements(By.CSS_SELECTOR, "#law polyline")) == 3
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
    assert complaints(browser) == []


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
