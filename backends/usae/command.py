"""The command `dview universal`."""

from pathlib import Path
from typing import Any

import click

from distributional_view.backends.options import chosen
from distributional_view.files import write_json, write_with
from distributional_view.shell import Command

COUNT = click.IntRange(min=1)


@click.command("universal", cls=Command)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/universal"),
    show_default=True,
    help="The job's folder; resumes.",
)
@click.option("--codes", type=COUNT, default=256, show_default=True, help="In the dictionary.")
@click.option("--top-k", type=COUNT, default=8, show_default=True, help="Codes a position.")
@click.option("--steps", type=COUNT, default=1000, show_default=True, help="Of the dictionary's training.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the dictionary.")
@click.option("--shown", type=COUNT, default=6, show_default=True, help="Codes to show, the most universal ones.")
@click.option("--pictures", type=COUNT, default=5, show_default=True, help="Of each code and backbone.")
def universal(out: Path, shown: int, pictures: int, **options: Any) -> None:
    """Train one dictionary for two embedded backbones, and show the codes that fire in both."""
    import torch
    from rich.console import Console

    from distributional_view.backends.embedded.animals import load_animals
    from distributional_view.backends.paradigms.heat import over, tinted
    from distributional_view.backends.paradigms.sheet import Strip, save_sheet
    from distributional_view.backends.usae.job import universal as run
    from distributional_view.backends.usae.train import UniversalSettings
    from distributional_view.terminal import Table, progress_bar, tell

    torch.set_num_threads(1)
    console, settings = Console(), chosen(UniversalSettings, options)
    with progress_bar(console) as report:
        found = run(out, settings, shown, pictures, progress=report)
    m, images = found.measured, load_animals()[1].images
    alive = m.co_firing[m.alive]
    r2 = [[round(v, 4) for v in row] for row in m.r2.tolist()]
    rows = [
        ("codes alive in both", f"{int(m.alive.sum())} of {settings.codes}"),
        ("median co-firing of these", f"{alive.median():.2f}" if len(alive) else "-"),
        ("median entropy of these", f"{m.entropy[m.alive].median():.2f}" if len(alive) else "-"),
        *(
            (f"R2, codes of {'first' if i == 0 else 'second'} for {'first' if j == 0 else 'second'}", f"{r2[i][j]:.2f}")
            for i in (0, 1)
            for j in (0, 1)
        ),
    ]
    Table("two backbones, one dictionary", ("measured", "value"), rows, words=("measured",), keys=1).show(console)
    strips = []
    for k, code in enumerate(found.codes.tolist()):
        for i, name in enumerate(("first", "second")):
            x = images[found.top[k, i]]
            strips.append(Strip(f"{code}\n{name}", tinted(x, over(found.maps[k, i], x)).numpy()))
    if strips:
        write_with(out / "universal.png", lambda partial: save_sheet(strips, partial, "the most universal codes"))
    content = {
        "r2": r2,
        "fired": m.fired.tolist(),
        "co-firing": m.co_firing.tolist(),
        "entropy": m.entropy.tolist(),
        "alive": m.alive.tolist(),
        "shown": found.codes.tolist(),
        "top": found.top.tolist(),
    }
    write_json(out / "universal.json", content)
    tell(console, [out / "universal.json"])
