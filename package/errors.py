"""The one kind of error that a user can mend: the commands print its message, everything else shows its traceback."""


class UserError(ValueError):
    """Something in the input, the options or the folders is not as it must be; the message names it and its place."""
