"""The project files agree with each other: versions, licence, constraints, targets of the Makefile."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OWN_VARIABLE = {"torch"}
"""PyTorch's version is the Makefile's TORCH."""


def read(name: str) -> str:
    return (ROOT / name).read_text()


def constrained(text: str) -> dict[str, Version]:
    """Package -> its exact version, from `name==version` lines, a marker behind a semicolon or none."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", line
            assert "*" not in specifier.version, line
            assert requirement.url is None, line
            found[canonicalize_name(requirement.name)] = Version(specifier.version)
    return found


def unmet(project: dict, versions: dict[str, Version]) -> list[str]:
    """Dependencies of the project, extras included, with no exact version or one that it does not admit."""
    wanted = [
        *project["dependencies"],
        *(line for lines in project["optional-dependencies"].values() for line in lines),
    ]
    requirements = [r for r in map(Requirement, wanted) if r.name not in OWN_VARIABLE | {project["name"]}]
    return [
        r.name for r in requirements if (v := versions.get(canonicalize_name(r.name))) is None or v not in r.specifier
    ]


def test_constraints_fit_the_project():
    versions = constrained(read("constraints.txt"))
    assert not unmet(PROJECT, versions)
    assert not OWN_VARIABLE & set(versions)
    assert not re.search(r"://|@", read("constraints.txt"))


def test_the_check_of_constraints_can_fail():
    versions = constrained(read("constraints.txt"))
    assert unmet(PROJECT, versions | {"numpy": Version("1.26.4")}) == ["numpy"]
    assert unmet(PROJECT, {n: v for n, v in versions.items() if n != "scipy"}) == ["scipy"]
    with pytest.raises(AssertionError):
        constrained("numpy>=2.0")


def test_one_version():
    version = PROJECT["version"]
    assert re.search(r"^version: (.*)$", read("CITATION.cff"), re.M).group(1) == version
    assert f"## [{version}]" in read("CHANGELOG.md") or f"What will be {version}." in read("CHANGELOG.md")


def test_one_licence():
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0" in read("LICENSE")
    assert re.search(r"^license: (.*)$", read("CITATION.cff"), re.M).group(1) == PROJECT["license"]
    assert all((ROOT / name).exists() for name in PROJECT["license-files"])


def test_notice_names_what_comes_from_others():
    notice = read("NOTICE")
    pictures = re.search(r"^ANIMALS := (\S+)==(\S+)$", read("Makefile"), re.M)
    assert f"{pictures.group(1)} {pictures.group(2)}" in notice
    assert "Permission is hereby granted, free of charge" in notice
    for path in re.findall(r"\b(?:backends|figures|toy)/[\w/.]+\w", notice):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_targets_and_paths_that_people_are_told_exist(name):
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    told = set()
    for command in re.findall(r"(?:^|`)make ([a-z -]+)", read(name), re.M):
        told |= set(command.split())
    assert told
    assert told <= targets
    for path in re.findall(r"`((?:theory|toy|figures|proofs_check|backends|tests|package)/[\w/.]+)`", read(name)):
        assert (ROOT / path).exists(), path
