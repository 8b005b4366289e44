"""Ways in from a shell: what a user can mend is told in words, and whatever nobody expected shows its traceback.

Every command of the project is a `Command` or stands in a `Group` of this module; none catches errors for itself.

What counts as the user's: a `UserError`, an error of the operating system (a file that is missing, a disk that is
full), and a ValueError or RuntimeError that this project raises itself, such as `theory.errors.require` does: its
message was written for whoever gave the argument. A ValueError out of numpy or torch was not, and may be our fault.
"""

import dis
import errno
import sys
from typing import Any

import click

from distributional_view.errors import UserError

PROJECT = "distributional_view"


def mendable(error: Exception) -> bool:
    """Whether the error's message is all that the user needs."""
    if isinstance(error, OSError):
        return error.errno != errno.EPIPE  # a reader that has seen enough, as in `dview check | head`: click knows that
    return isinstance(error, UserError) or (isinstance(error, ValueError | RuntimeError) and raised_by_us(error))


def raised_by_us(error: Exception) -> bool:
    """Whether a `raise` statement of this project made the error, not a library that it called, nor the interpreter."""
    trace = error.__traceback__
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    frame, place = trace.tb_frame, trace.tb_lasti
    ours = str(frame.f_globals.get("__name__", "")).startswith(f"{PROJECT}.")
    return ours and dis.opname[frame.f_code.co_code[place]] == "RAISE_VARARGS"


def words(error: Exception) -> str:
    """The message: for the operating system's errors the file and what it says of it."""
    if isinstance(error, OSError) and error.strerror:
        name = "" if error.filename is None else f"{error.filename}: "
        return f"{name}{error.strerror}"
    return str(error) or type(error).__name__


class _Told:
    """Turns mendable errors into messages; goes before click's class."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Raises:
            click.ClickException: for whatever the user can mend.
        """
        for stream in (sys.stdout, sys.stderr):  # file names need not be UTF-8
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)  # type: ignore[misc]  # click's class follows
        except (OSError, ValueError, RuntimeError) as error:
            if isinstance(error, click.exceptions.Exit | click.Abort) or not mendable(error):
                raise
            message = words(error).encode("utf-8", "backslashreplace").decode()
            raise click.ClickException(message) from error


class Command(_Told, click.Command):
    """A command whose errors are words."""


class Group(_Told, click.Group):
    """A group whose commands' errors are words."""

    command_class = Command
