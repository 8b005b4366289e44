"""The command `dview search`."""

from typing import Any

import click

from distributional_view import flags
from distributional_view.backends.explain.command import refuse_beside_embedded
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions, chosen
from distributional_view.files import write_json, write_with
from distributional_view.shell import Command


@click.command("search", cls=Command)
@flags.BACKBONE
@flags.TRANSCODER
@flags.IMAGES
@flags.ON_BAD_PICTURE
@flags.EMBEDDED
@flags.FEATURE
@click.option("--n", type=flags.COUNT, default=8, show_default=True, help="Pictures to show of each search.")
@flags.OUT
@flags.SHARE
@flags.HOOK
@flags.SIZE
@flags.DEVICE
@flags.PRECISION
@click.option("--batch", type=flags.COUNT, help="Most pictures in one pass. [default: all]")
def search(**options: Any) -> None:
    """Find pictures by a feature's strongest patch and by its mean, and show where in them it is.

    Two passes over the pictures. A store of scores has both orders already, but no maps.
    """
    from rich.console import Console

    from distributional_view.backends.explain.sources import embedded_source, local_source
    from distributional_view.backends.jobs import usable
    from distributional_view.backends.paradigms.heat import tinted
    from distributional_view.backends.paradigms.search import BY_MEAN, BY_PATCH
    from distributional_view.backends.paradigms.searched import searched
    from distributional_view.backends.paradigms.sheet import Strip, save_sheet
    from distributional_view.terminal import progress_bar, tell

    console, out = Console(), options["out"]
    score, sampler = chosen(ScoreOptions, options), chosen(SamplerOptions, options)
    usable(sampler.device)
    if options["embedded"]:
        refuse_beside_embedded(click.get_current_context())
        source = embedded_source(score, sampler)
    else:
        paths = chosen(LocalPaths, options)
        with progress_bar(console) as report:
            source = local_source(paths, "retrieval", score, sampler, out / ".pictures.json", report)
        if source.said:
            console.print(source.said, highlight=False, markup=False)
    assert source.pool is not None
    with progress_bar(console) as report:
        found = searched(source.score, source.pool, options["n"], out, source.origin, source.contents, report)
    strips = []
    for name, said in ((BY_PATCH, "strongest\npatch"), (BY_MEAN, "mean over\npatches")):
        hits = found[name]
        above = [f"{key:.3g}" for key in hits.keys]
        strips.append(Strip(said, hits.pictures.numpy(), above))
        strips.append(Strip("where", tinted(hits.pictures, hits.maps).numpy()))
    title = f"feature {options['feature']}: first by each search"
    write_with(out / "search.png", lambda partial: save_sheet(strips, partial, title))
    both = len(set(found[BY_PATCH].indices.tolist()) & set(found[BY_MEAN].indices.tolist()))
    told = {
        name: {"indices": h.indices.tolist(), "keys": h.keys.tolist(), "places": h.places} for name, h in found.items()
    }
    write_json(out / "search.json", {"made_of": source.origin, "searches": told, "in both": both})
    console.print(f"feature {options['feature']}: {both} of {options['n']} pictures are first by both", highlight=False)
    tell(console, [out / "search.png", out / "search.json"])
