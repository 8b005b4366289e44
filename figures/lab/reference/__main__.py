"""`python -m distributional_view.figures.lab.reference`: writes the file that the lab's tests compare the page with."""

import json
import math
from pathlib import Path

import click

from distributional_view.figures.lab.reference.levels import Record
from distributional_view.files import write_whole

OUT = Path("tests/lab/reference.json")


def reference() -> Record:
    """All that the page must reproduce, as JSON has it; needs JAX in 64 bits."""
    from distributional_view.figures.lab.reference.chains import chains
    from distributional_view.figures.lab.reference.pools import pools
    from distributional_view.figures.lab.reference.worlds import worlds

    return {"worlds": worlds(), "pools": pools(), "chains": chains()}


@click.command()
@click.option("--out", default=OUT, show_default=True, type=click.Path(dir_okay=False, path_type=Path))
def main(out: Path) -> None:
    """Write what the lab must reproduce, computed by `theory` and `toy`."""
    import jax

    jax.config.update("jax_enable_x64", True)
    found = reference()
    assert all(math.isfinite(record["mean"]) for record in found["worlds"] + found["pools"])
    write_whole(out, json.dumps(found, allow_nan=False, separators=(",", ":")) + "\n")
    click.echo(f"wrote {out} ({out.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    main()
