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


FIGURE = "figures.command:figure_command()"

GROUPS: dict[str, tuple[Entry, ...]] = {
    "The paper's tables and figures": (
        Entry("table2", "Truncation and tilting at the same mean score: exact, sampled, and as printed.", FIGURE),
        Entry("fig1", "What truncation and tilting do to p at the same mean score, as exact densities.", FIGURE),
        Entry(
            "fig3", "Retrieval, optimisation and EnergyDPS at the same mean score against the KLSC solution.", FIGURE
        ),
        Entry("drift", "What a task score does to the object while E[ψ] stays: exact price and the bound.", FIGURE),
        Entry("bottleneck", "What a family of prompts costs: level, bottleneck and overshoot.", FIGURE),
        Entry("strength", "The distance to p as the guidance grows.", FIGURE),
        Entry("typical", "Why the mode of a Gaussian is none of its samples: exact mass, bound, exponent.", FIGURE),
        Entry("all", "All tables and figures.", FIGURE),
    ),
    "Your own features": (
        Entry(
            "report",
            "Compare top-k with KLSC weights for each feature of a .npy, .npz, .csv, .parquet file or a store.",
            "figures.command:report",
        ),
    ),
    "A study with raters": (
        Entry(
            "study",
            "Have people or a model rate pictures without knowing who made them, and read what they say.",
            "figures.study.command:study",
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
            'Where a statement is computed, checked, tested and shown: D.7, "Lemma D.7", 66, "reverse KL".',
            "proofs_check.where:where",
        ),
        Entry(
            "recover",
            "Recover the lost constants of the toy world from the 18 printed numbers of Table 2.",
            "toy.command:recover",
        ),
    ),
    "Learn": (
        Entry(
            "lab",
            "Open the lab, one page to play with truncation and tilt, or say where it lies.",
            "figures.lab.command:lab",
        ),
        Entry(
            "site",
            "Write the pages of the documentation's site, for mkdocs to build (in a checkout).",
            "figures.site.command:site",
        ),
    ),
    "Stores of scores (need the extra store)": (
        Entry(
            "features",
            "List the features of a store: density, quantiles, tail, and what a tilt rests on.",
            "backends.store.command:features",
        ),
        Entry(
            "match",
            "Match the features of two stores one to one by the correlation over shared pictures.",
            "backends.store.command:match",
        ),
        Entry(
            "atlas",
            "Write a site of all features of a store, which opens from a file.",
            "figures.atlas.command:atlas",
        ),
    ),
    "Backends (need the extra torch or dino)": (
        Entry(
            "explain",
            "Show pictures at a mean activation of a feature: retrieved, or sampled from a prior with guidance.",
            "backends.explain.command:explain",
        ),
        Entry(
            "scan",
            "Score every feature on every picture once, into a store that answers all questions about them.",
            "backends.scan.command:scan",
        ),
        Entry(
            "search",
            "Find pictures by a feature's strongest patch and by its mean, and show where in them it is.",
            "backends.paradigms.command:search",
        ),
        Entry(
            "universal",
            "Train one dictionary for two embedded backbones, and show the codes that fire in both.",
            "backends.usae.command:universal",
        ),
        Entry(
            "train-transcoder",
            "Train a transcoder and write it in the published format.",
            "backends.transcoders.command:train_transcoder",
        ),
        Entry(
            "embedded",
            "Features of the embedded backend by all methods (needs torch; an hour).",
            "figures.command:embedded",
        ),
        Entry(
            "samplers",
            "Which sampler reaches the tilt, on the embedded and the toy world (needs torch; two hours).",
            "figures.command:samplers",
        ),
        Entry(
            "paradigms",
            "All paradigms of Table 1 at the same activation of a feature (needs torch; forty minutes).",
            "figures.paradigms_command:paradigms",
        ),
        Entry(
            "levels",
            "How the evidence for a feature changes with the level, along the tilt and along the truncation.",
            "figures.on_pictures:levels",
        ),
        Entry(
            "neurons",
            "Features against single channels: whose explanation is more consistent (needs torch; minutes).",
            "figures.ablations:neurons",
        ),
        Entry(
            "layers",
            "The same methods for features of other layers of the classifier (needs torch; ten minutes).",
            "figures.ablations:layers",
        ),
        Entry(
            "priors",
            "The same features under a narrower prior, beside the tilt of it (needs torch; ten minutes).",
            "figures.ablations:priors",
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
        Entry(
            "embedded-pool",
            "Sample the embedded prior without guidance, to be reweighted to any feature's level.",
            "backends.embedded.command:embedded_pool",
        ),
    ),
}

ENTRIES = {entry.name: entry for group in GROUPS.values() for entry in group}
