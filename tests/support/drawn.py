"""What a property check has drawn: a check says which regions matter, and fails where too few examples reached them."""

from collections import Counter

from distributional_view.proofs_check.evidence import expect


class Drawn:
    """Counts of the examples in each region.

    Example:
        >>> drawn = Drawn("a tie", "no tie")
        >>> drawn.note({"a tie": True, "no tie": False})
        >>> drawn.reached(1)
        Traceback (most recent call last):
        distributional_view.proofs_check.evidence.Rejected: every region is reached
          least = 1
          counts = {'a tie': 1, 'no tie': 0}
    """

    def __init__(self, *regions: str):
        self.counts = Counter(dict.fromkeys(regions, 0))

    def note(self, where: dict[str, bool]) -> None:
        """Count one example in each region that it belongs to."""
        unknown = set(where) - set(self.counts)
        expect(not unknown, "only regions that were named are counted", unknown=unknown)
        self.counts.update(name for name, inside in where.items() if inside)

    def reached(self, least: int = 5) -> str:
        """The counts in words.

        Raises:
            Rejected: if a region holds fewer than `least` examples.
        """
        expect(min(self.counts.values()) >= least, "every region is reached", least=least, counts=dict(self.counts))
        return ", ".join(f"{name} {n}" for name, n in self.counts.items())
