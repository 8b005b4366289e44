"""The error of what a user can mend: a file, a folder, an argument. Its message says which, and what to do."""


class UserError(ValueError):
    """Something that the user can mend; commands print the message without a traceback."""
