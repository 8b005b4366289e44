"""`dview`: its help is data, complete and that of the commands themselves; errors say what to do."""

import ast
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from distributional_view import command
from distributional_view.backends.__main__ import main as backends
from distributional_view.commands import ENTRIES, GROUPS, Entry
from distributional_view.figures.__main__ import main as figures

ROOT = Path(__file__).resolve().parent.parent
LIGHT = """
import sys, time
from distributional_view.command import main
main(["--help"], standalone_mode=False)
roots = {name.split(".")[0] for name in sys.modules}
print("CPU", time.process_time())
print("HEAVY", sorted(roots & {"numpy", "scipy", "jax", "torch", "matplotlib", "rich", "equinox", "jaxtyping"}))
"""


def invoke(*arguments: str):
    return CliRunner().invoke(command.main, list(arguments), terminal_width=120)


def commands_of(group: click.Group) -> set[str]:
    return set(group.list_commands(click.Context(group)))


def figure_names() -> set[str]:
    (names,) = (p for p in figures.commands["paper"].params if p.name == "names")
    return set(names.type.choices)


def first_sentence(found: click.Command) -> str:
    """Without the command's own name in front, which the list has beside it; it begins with a capital."""
    words = found.get_short_help_str(1000).removeprefix(f"{found.name}: ")
    return words[0].upper() + words[1:]


def wrong_help(entries) -> dict[str, str]:
    """Entries whose line is not the first sentence of their command's help -> that sentence."""
    real = {entry.name: first_sentence(command.load(entry)) for entry in entries}
    return {entry.name: real[entry.name] for entry in entries if real[entry.name] != entry.help}


def test_help_lists_every_command_in_its_group():
    shown = invoke("--help").output
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    place = -1
    for group, entries in GROUPS.items():
        assert lines.index(f"{group}:") > place
        place = lines.index(f"{group}:")
        for entry in entries:
            place += 1
            assert lines[place] == f"{entry.name} {entry.help}"


@pytest.mark.parametrize(
    "name",
    sorted(ENTRIES),
)
def test_help_is_that_of_the_commands(name):
    assert not wrong_help([ENTRIES[name]])


def test_no_command_of_a_room_is_missing():
    rooms = commands_of(backends) | (commands_of(figures) - {"paper"}) | figure_names()
    rooms |= {"check", "where", "recover", "site", "lab", "atlas", "study"}
    assert set(ENTRIES) == rooms


def test_the_comparisons_can_fail():
    home = ENTRIES["report"].home
    assert wrong_help([Entry("report", "Something else.", home)]) == {"report": ENTRIES["report"].help}
    assert {"explain", "train-transcoder", "embedded-train", "embedded-features"} <= commands_of(backends)
    assert {"report", "embedded"} <= commands_of(figures)


def test_help_imports_nothing_heavy_and_starts_at_once():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"
    assert float(done.stdout.splitlines()[-2].split()[1]) < 0.5


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_help_of_every_command_is_there_at_once(name):
    code = LIGHT.replace('main(["--help"]', f'main(["{name}", "--help"]')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout
    heavy = done.stdout.splitlines()[-1].removeprefix("HEAVY ")
    assert set(ast.literal_eval(heavy)) <= {"rich"}
    assert float(done.stdout.splitlines()[-2].split()[1]) < 0.5


def test_importing_the_package_imports_nothing_else():
    code = "import sys; before = set(sys.modules); import distributional_view; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    new = set(done.stdout.split())
    assert {name for name in new if name.split(".")[0] not in sys.stdlib_module_names} == {"distributional_view"}


def test_unknown_command_suggests():
    result = invoke("tabel2")
    assert result.exit_code == 2
    assert "No command 'tabel2'. Did you mean table2?" in result.output
    assert "Did you mean" not in invoke("xyz").output


@pytest.mark.parametrize("missing_at", ["load", "run"])
def test_a_missing_extra_is_named(monkeypatch, missing_at):
    def fail():
        raise ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")

    late = click.Command("explain", callback=fail)
    monkeypatch.setattr(command, "load", (lambda entry: fail()) if missing_at == "load" else (lambda entry: late))
    result = invoke("explain")
    assert result.exit_code == 1
    assert result.output == (
        'Error: explain needs torch, which is not installed: python -m pip install "distributional-view[torch]"\n'
    )


def test_a_module_that_no_extra_installs_is_a_fault_of_ours(monkeypatch):
    def fail(entry):
        raise ModuleNotFoundError("No module named 'thory'", name="thory")

    monkeypatch.setattr(command, "load", fail)
    assert isinstance(invoke("explain").exception, ModuleNotFoundError)


def test_extras_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {"flint": "python-flint"}
    for module, extra in command.EXTRAS.items():
        assert any(line.startswith(names.get(module, module)) for line in project["optional-dependencies"][extra])


def test_the_script_is_the_group():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert list(scripts) == ["dview"]
    module, attribute = scripts["dview"].split(":")
    assert getattr(import_module(module), attribute) is command.main


def test_a_command_runs_through_the_group(tmp_path):
    result = invoke("check", "D.7", "--list")
    assert result.exit_code == 0
    assert result.output.startswith("Lemma D.7")
    result = invoke("typical", "--quick", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["typical.json", "typical.pdf", "typical.png"]


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("distributional_view", "train-transcoder"),
        ("figures", "report"),
        ("backends", "train-transcoder"),
        ("proofs_check", "--rung"),
        ("toy.recover", "--quick"),
    ],
)
def test_aliases_work_in_a_checkout(module, says):
    command = [sys.executable, "-m", module, "--help"]
    assert says in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
