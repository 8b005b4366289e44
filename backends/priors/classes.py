"""The class that a class-conditional prior is conditioned on."""

from collections.abc import Mapping

from distributional_view.errors import UserError


def chosen_class(label: str | None, count: int, null: int | None, names: Mapping[str, int]) -> int:
    """The number of a class.

    Args:
        label: a number, or a name; None for no class.
        count: of classes that can be asked for, numbered from zero, the null class among them if it is numbered last.
        null: the class that stands for no class; None where the network has none.
        names: numbers by name.

    Raises:
        UserError: for a class that is not there, or none where one is needed.
    """
    if label is None:
        if null is None:
            raise UserError(
                f"the prior is conditioned on a class and says none that means no class: give --label, 0 to {count - 1}"
            )
        return null
    if label in names:
        return names[label]
    if label.strip().isdecimal() and int(label) < count:
        return int(label)
    known = f" or one of its {len(names)} names, such as {next(iter(names))!r}" if names else ""
    raise UserError(f"label = {label!r}: must be a number from 0 to {count - 1}{known}")


def class_names(id2label: object) -> dict[str, int]:
    """Number of a class by name, from an index such as {"2": "white shark, man-eater"}; empty if there is none."""
    if not isinstance(id2label, Mapping):
        return {}
    return {
        name.strip(): int(key)
        for key, names in id2label.items()
        if str(key).isdecimal()
        for name in str(names).split(",")
    }
