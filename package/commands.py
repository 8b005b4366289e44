"""What `dview` has: name, group, help and home of each command, as data, so that its help imports none of them.

A test holds that the help is the first sentence of the command's own, and that no command of a room is missing here.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """One command.

    Args:
        name: as typed.
        help: one line.
        home: module below `distributional_view`, then the attribute that is the `click.Command`, or a function from
            the name to it if there are parentheses.
    """

    name: str
    help: str
    home: str


FIGURE = "figure_command:figure_command()"

GROUPS: dict[str, tuple[Entry, ...]] = {
    "The paper's tables and figures": (
        Entry("table2", "Table 2: exact values, and by the paper's sampling protocol.", FIGURE),
        Entry("fig1", "Figure 1: truncation and tilting at three mean scores.", FIGURE),
        Entry("fig3", "Figure 3: the samplers at the same mean score, judged against the tilt.", FIGURE),
        Entry("drift", "What an added task score does to the explained object.", FIGURE),
        Entry("bottleneck", "What a restricted family of prompts costs.", FIGURE),
        Entry("strength", "The distance to the prior as the guidance grows.", FIGURE),
        Entry("typical", "Why the mode of a Gaussian is none of its samples.", FIGURE),
        Entry("all", "All of these.", FIGURE),
    ),
    "Your own features": (
        Entry(
            "report",
            "Compare top-k with KLSC weights for each feature (column) of a .npy, .npz, .csv or .parquet file.",
            "figures.report.command:report",
        ),
    ),
    "Evidence": (
        Entry(
            "check",
            "Run the evidence for the statements (all, or LABELS such as D.7) and show where it stands.",
            "proofs_check.__main__:main",
        ),
        Entry(
            "where",
            "What a statement claims, and the code, evidence, tests and figures that belong to it.",
            "proofs_check.where:where",
        ),
        Entry(
            "recover",
            "Recover the lost constants of the toy world from the 18 printed numbers of Table 2.",
            "toy.recover:main",
        ),
    ),
    "Backends (need the extra torch or dino)": (
        Entry(
            "explain",
            "Show pictures at a mean activation of a feature: retrieved, or sampled by EnergyDPS.",
            "backends.explain.command:explain",
        ),
        Entry(
            "train-transcoder",
            "Train a transcoder and write it in the published format.",
            "backends.transcoders.command:train_transcoder",
        ),
        Entry(
            "embedded",
            "Features of the embedded backend by five methods (needs torch; minutes).",
            "figures.embedded:embedded_command",
        ),
        Entry(
            "embedded-train",
            "Train the diffusion prior, the classifier and its transcoder on the animal pictures.",
            "backends.embedded.command:embedded_train",
        ),
        Entry(
            "embedded-features",
            "Draw the top pictures of every live feature, tinted where it is active, to find names by looking.",
            "backends.embedded.command:embedded_features",
        ),
    ),
}

ENTRIES = {entry.name: entry for group in GROUPS.values() for entry in group}
