"""The one exception for what a user can mend."""


class UserError(ValueError):
    """Something that the person who called can mend: the message names the thing (a file, an option, a value), says
    what is wrong with it and what to do.

    Commands print the message and nothing else; `distributional_view.shell` says how.
    """
