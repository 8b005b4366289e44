"""A process that runs the blocks of one page: steps on its input, for each a line of JSON on its output.

It imports nothing of the project, so that a page has what its own imports bring, as a reader has.
"""

import contextlib
import io
import json
import os
import shlex
import subprocess
import sys
import traceback


def python(code: str, line: int, names: dict[str, object]) -> str:
    """What the code prints; its lines are counted as in the page."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * (line - 1) + code, "page", "exec"), names)
    return printed.getvalue()


def shell(lines: list[str]) -> str:
    """What the commands print, `dview` being this interpreter's.

    Raises:
        RuntimeError: for a line that is no `dview` command, and for one that fails.
    """
    printed = ""
    for line in lines:
        name, *arguments = shlex.split(line, comments=True)
        if name != "dview":
            raise RuntimeError(f"{line!r}: only `dview` commands are run")
        command = [sys.executable, "-m", "distributional_view", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{line!r} ended with {done.returncode}: {done.stderr or done.stdout}")
        printed += done.stdout
    return printed


def main() -> None:
    """Run the steps until one fails."""
    asked = json.loads(sys.stdin.read())
    names: dict[str, object] = {"__name__": "__main__"}
    with os.fdopen(os.dup(1), "w") as told:
        os.dup2(2, 1)  # what a library writes past Python is no output of a block
        for step, line in zip(asked["steps"], asked["lines"], strict=True):
            printed, error = "", ""
            try:
                printed = python(step, line, names) if isinstance(step, str) else shell(step)
            except Exception:
                error = traceback.format_exc()
            print(json.dumps({"printed": printed, "error": error}), file=told, flush=True)
            if error:
                return


if __name__ == "__main__":
    main()
