"""Ray's workers make the store of the plain loop, row for row, also if one of them is killed."""

import os
import signal
import time
from pathlib import Path

import pytest

from distributional_view.backends.scan import ray_engine
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.store import layout
from distributional_view.errors import UserError
from tests.support.scans import contents, scanned, write_pictures

ray = pytest.importorskip("ray")
RECIPE = Recipe(embedded=True, reductions=("mix", "max"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 45)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory, pictures):
    store = tmp_path_factory.mktemp("plain")
    scanned(store, pictures, RECIPE)
    return contents(store)


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory):
    """Two local workers; they find the tests beside the project."""
    root = Path(__file__).resolve().parent.parent
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}},
    )
    yield
    ray.shutdown()


def test_the_stores_are_equal(pictures, wanted, tmp_path):
    told = []
    count = scanned(
        tmp_path, pictures, RECIPE, engine="ray", workers=2, progress=lambda what, done, total: told.append(done)
    )
    assert (count.read, count.bad) == (45, 0)
    assert contents(tmp_path) == wanted
    assert told == sorted(told)
    assert told[-1] == 45


@pytest.mark.slow
def test_bad_pictures_are_listed_as_by_the_plain_loop(tmp_path):
    pictures = write_pictures(tmp_path / "p", 12)
    (pictures / "0003.png").write_bytes(b"no")
    counts = [scanned(tmp_path / engine, pictures, RECIPE, engine=engine) for engine in ("local", "ray")]
    assert counts[0] == counts[1]
    assert counts[0].bad == 1
    assert contents(tmp_path / "local") == contents(tmp_path / "ray")


@pytest.mark.slow
def test_what_a_worker_refuses_is_told(tmp_path):
    (tmp_path / "t.txt").write_text("nosuchprotocol://x/a.png\n")
    with pytest.raises(UserError, match=r"nosuchprotocol.*the same call goes on"):
        scanned(tmp_path / "s", tmp_path / "t.txt", RECIPE, engine="ray")


class Dying:
    """Kills its process, once over all processes, while it scores its second batch."""

    def __init__(self, whole, mark):
        self.whole, self.mark, self.calls = whole, mark, 0

    def __call__(self, pixels):
        self.calls += 1
        if self.calls == 2:
            try:
                os.close(os.open(self.mark, os.O_CREAT | os.O_EXCL))
                time.sleep(0.2)
                os.kill(os.getpid(), signal.SIGKILL)
            except FileExistsError:
                pass
        return self.whole(pixels)


class Mortal(ray_engine.Worker):
    """A worker that may die."""

    def __init__(self, store, *given):
        super().__init__(store, *given)
        object.__setattr__(self.work, "scorer", Dying(self.work.scorer, store.parent / "killed"))


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(pictures, wanted, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_engine, "Worker", Mortal)
    count = scanned(tmp_path / "s", pictures, RECIPE, engine="ray", workers=2)
    assert (tmp_path / "killed").exists()
    assert count.read == 45
    assert contents(tmp_path / "s") == wanted
    assert layout.finished(tmp_path / "s") == [0, 1, 2, 3, 4]
