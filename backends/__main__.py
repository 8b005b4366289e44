"""Commands that need torch.

python -m backends [explain | train-transcoder] --help
"""

import click

from backends.explain_command import explain
from backends.train_command import train_transcoder


@click.group()
def main() -> None:
    """Explain features of real vision models: train transcoders, sample by EnergyDPS."""


main.add_command(explain)
main.add_command(train_transcoder)

if __name__ == "__main__":
    main()
