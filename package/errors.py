"""The one exception for what a user can mend."""


class UserError(ValueError):
    """Something that the person who called can mend: the message names the thing (a file, an option, a value), says
    what is wrong with it and what to do.

    Commands print the message and nothing else; `distributional_view.shell` says how.
    """


def require_of_file(ok: bool, what: str, path: object, value: object, permitted: str) -> None:
    """Raise `UserError` unless something that a file holds is as it must be; names both, and the way out."""
    if not ok:
        raise UserError(f"{what} of {path} = {value!r}: must be {permitted}: choose another folder, or delete the file")
