"""The public names: what is promised is there, is the thing itself, and mypy sees the same."""

import ast
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import distributional_view

SOURCE = Path(distributional_view.__file__)
ROOT = Path(__file__).resolve().parent.parent


def typed(text: str) -> dict[str, str]:
    """Names that type checkers see -> the module they come from."""
    (block,) = (n for n in ast.parse(text).body if isinstance(n, ast.If))
    assert isinstance(block.test, ast.Name)
    assert block.test.id == "TYPE_CHECKING"
    return {alias.name: n.module for n in block.body if isinstance(n, ast.ImportFrom) for alias in n.names}


@pytest.mark.parametrize(
    "name",
    [n for n in distributional_view.__all__ if n != "__version__"],
)
def test_each_name_is_the_thing_that_mypy_sees(name):
    assert getattr(distributional_view, name) is getattr(import_module(typed(SOURCE.read_text())[name]), name)


def test_mypy_sees_all_names_and_no_other():
    assert sorted([*typed(SOURCE.read_text()), "__version__"]) == distributional_view.__all__
    assert set(distributional_view.__all__) <= set(dir(distributional_view))


def test_version_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert distributional_view.__version__ == project["version"]


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match=r"module 'distributional_view' has no attribute 'truncate'"):
        distributional_view.truncate  # noqa: B018
    from distributional_view import theory  # a room is no name of the list, and is found

    assert theory.AtomicLaw is distributional_view.AtomicLaw
