"""The wheel of what is committed: complete, alone, and usable where nothing else of ours is."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from tests import wheel_smoke

NAME = "distributional_view-0.1.0-py3-none-any.whl"
INFO = "distributional_view-0.1.0.dist-info"


@pytest.mark.wheel
@pytest.mark.skipif(not (wheel_smoke.ROOT / ".git").exists(), reason="no clone to build from")
def test_wheel_of_a_clean_clone_works(capsys):
    wheel_smoke.main(["--reuse-packages"])
    assert "built, installed and used" in capsys.readouterr().out


def wheel_with(folder: Path, *names: str, without: str = "") -> Path:
    """A file with the names of a whole wheel, fewer or more."""
    whole = [f"distributional_view/{name}" for name in wheel_smoke.DATA]
    whole += [f"{INFO}/licenses/LICENSE", f"{INFO}/licenses/NOTICE"]
    with ZipFile(folder / NAME, "w") as archive:
        for name in [*whole, *names]:
            if name != without:
                archive.writestr(name, "")
    return folder / NAME


def test_the_check_of_the_content_can_fail(tmp_path):
    wheel_smoke.check_content(wheel_with(tmp_path))
    with pytest.raises(SystemExit, match=r"not in the wheel.*py\.typed"):
        wheel_smoke.check_content(wheel_with(tmp_path, without="distributional_view/py.typed"))
    with pytest.raises(SystemExit, match=r"beside distributional_view.*toy"):
        wheel_smoke.check_content(wheel_with(tmp_path, "toy/world.py"))
    with pytest.raises(SystemExit, match=r"FAILED \(3\)"):
        wheel_smoke.run("sh", "-c", "exit 3")


def test_decoys_fail_when_imported(tmp_path):
    folder = wheel_smoke.decoys(tmp_path)
    for name in wheel_smoke.DECOYS:
        with pytest.raises(RuntimeError, match="a foreign"):
            exec((folder / name).read_text())
