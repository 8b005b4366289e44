"""Build the wheel of a clean clone, install it in an empty environment, and use it beside files that would shadow it.

    python tests/wheel_smoke.py [--constraints FILE] [--reuse-packages]

With --reuse-packages nothing is downloaded: the wheel is built with the setuptools of this Python, and the empty
environment borrows the dependencies that this Python has. Without it pip installs them. The commands run in a folder
with a `toy.py`, `theory.py`, ... and a package `tests` that fail when they are imported: names that the installed
package must not ask for. Standard library only.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parent.parent
DECOYS = ("toy.py", "theory.py", "figures.py", "backends.py", "proofs_check.py", "files.py", "tests/__init__.py")
DATA = (
    "py.typed",
    "toy/published.json",
    "toy/recovered.json",
    "figures/paper.mplstyle",
    "figures/lab/lab.html",
    "backends/embedded/features.json",
    "backends/embedded/weights/prior.safetensors",
    "backends/embedded/weights/classifier.safetensors",
    "backends/embedded/weights/transcoder.safetensors",
)
NAMES = """
import distributional_view as d
from distributional_view.toy.world import published_table2
law = d.AtomicLaw([0.0, 1.0, 2.0, 3.0])
assert d.calibrate_hard(law, 2.0).kl > d.calibrate_klsc(law, 2.0).kl
assert published_table2()
print(d.__file__, d.__version__)
"""


def run(*command: str | Path, folder: Path | None = None) -> str:
    """What a command prints; a failed one ends the check with all of its output."""
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_REQUIRE", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(c) for c in command],
        cwd=folder,
        env=outside,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"FAILED ({done.returncode}): {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def build(folder: Path, isolated: bool) -> Path:
    """The wheel of HEAD."""
    run("git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", folder / "source")
    options = [] if isolated else ["--no-build-isolation"]
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--quiet", "--no-deps", *options, "--wheel-dir", folder / "wheels", folder / "source")
    (wheel,) = (folder / "wheels").glob("*.whl")
    return wheel


def check_content(wheel: Path) -> None:
    """Our package with its data and licence, and nothing beside it."""
    names = ZipFile(wheel).namelist()
    ours, info = "distributional_view", wheel.name.split("-py3")[0] + ".dist-info"
    wanted = {f"{ours}/{name}" for name in DATA} | {f"{info}/licenses/{name}" for name in ("LICENSE", "NOTICE")}
    if wanted - set(names):
        raise SystemExit(f"not in the wheel: {sorted(wanted - set(names))}")
    if {name.split("/")[0] for name in names} != {ours, info}:
        raise SystemExit(f"beside {ours} in the wheel: {sorted({name.split('/')[0] for name in names} - {ours, info})}")


def install(wheel: Path, folder: Path, reuse: bool, constraints: str | None) -> Path:
    """A fresh environment with the wheel; its folder of scripts."""
    home = folder / "environment"
    run(sys.executable, "-m", "venv", *(["--without-pip"] if reuse else []), home)
    scripts = home / "bin"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", scripts / "python")
    bounds = ["-c", str(Path(constraints).resolve())] if constraints else []
    run(*pip, "install", "--quiet", *(["--no-deps"] if reuse else bounds), wheel)
    if reuse:
        (site,) = home.glob("lib/python*/site-packages")
        borrowed = [p for p in sys.path if p.endswith("site-packages")] or [sysconfig.get_path("purelib")]
        (site / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    return scripts


def decoys(folder: Path) -> Path:
    """A folder to work in, full of names that the package must not import, and a small file of activations."""
    for name in DECOYS:
        path = folder / "elsewhere" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"raise RuntimeError('a foreign {name} was imported')\n")
    rows = "\n".join(f"{i % 7},{(i * i) % 11 / 10}" for i in range(60))
    (folder / "elsewhere" / "small.csv").write_text(f"stripes,spots\n{rows}\n")
    return folder / "elsewhere"


def use(scripts: Path, folder: Path) -> None:
    """The public names, and commands of each kind, by the script and by `python -m`."""
    python, dview = scripts / "python", scripts / "dview"
    where = run(python, "-c", NAMES, folder=folder)
    if not Path(where.split()[0]).is_relative_to(scripts.parent):
        raise SystemExit(f"not the installed package: {where}")
    run(dview, "--help", folder=folder)
    run(dview, "report", "small.csv", "--top-k", "3", "--out", "out", folder=folder)
    module = (python, "-m", "distributional_view")
    run(*module, "typical", "--quick", "--out", "out", folder=folder)
    listed = run(*module, "check", "D.7", "--list", folder=folder)
    if "Lemma D.7" not in listed:
        raise SystemExit(f"dview check D.7 --list says:\n{listed}")
    run(*module, "where", "D.7", folder=folder)
    for name in ("report.json", "report.png", "typical.json", "typical.png"):
        if not (folder / "out" / name).exists():
            raise SystemExit(f"{name} was not written")


def main(arguments: list[str] | None = None) -> None:
    """Build, look inside, install, use."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--constraints", help="file with the versions that pip may install")
    parser.add_argument("--reuse-packages", action="store_true", help="borrow the dependencies of this Python")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build(folder, isolated=not options.reuse_packages)
        check_content(wheel)
        use(install(wheel, folder, options.reuse_packages, options.constraints), decoys(folder))
        print(f"{wheel.name}: built, installed and used")


if __name__ == "__main__":
    main()
