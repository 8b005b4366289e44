"""Commands that need torch.

python -m backends train-transcoder --help
python -m backends embedded-train --help
python -m backends embedded-features --help
"""

import click

from backends.embedded.command import embedded_features, embedded_train
from backends.train_command import train_transcoder


@click.group()
def main() -> None:
    """Explain features of real vision models: train transcoders, sample by EnergyDPS."""


main.add_command(train_transcoder)
main.add_command(embedded_train)
main.add_command(embedded_features)

if __name__ == "__main__":
    main()
