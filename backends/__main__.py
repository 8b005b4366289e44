"""Commands that need torch.

python -m backends (or dview) [explain | train-transcoder | embedded-train | embedded-features |
                             embedded-pool | scan | search | universal] --help
"""

import click

from distributional_view.backends.embedded.command import embedded_features, embedded_pool, embedded_train
from distributional_view.backends.explain.command import explain
from distributional_view.backends.paradigms.command import search
from distributional_view.backends.scan.command import scan
from distributional_view.backends.store.command import features, match
from distributional_view.backends.transcoders.command import train_transcoder
from distributional_view.backends.usae.command import universal
from distributional_view.shell import Group


@click.group(cls=Group)
def main() -> None:
    """Explain features of real vision models: train transcoders, sample by EnergyDPS."""


for command in (
    explain,
    train_transcoder,
    embedded_train,
    embedded_features,
    embedded_pool,
    scan,
    features,
    match,
    search,
    universal,
):
    main.add_command(command)

if __name__ == "__main__":
    main()
