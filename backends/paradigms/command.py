"""The command `dview search`."""

from pathlib import Path
from typing import Any, get_args

import click

from distributional_view.backends.choices import OnBadPicture, Precision
from distributional_view.backends.explain.command import refuse_beside_embedded
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions, chosen
from distributional_view.files import write_json, write_with
from distributional_view.shell import Command

PATH = click.Path(path_type=Path)
COUNT = click.IntRange(min=1)


@click.command("search", cls=Command)
@click.option("--backbone", type=PATH, help="Local DINOv3 ConvNeXt weights: .pth, transformers or timm.")
@click.option("--transcoder", type=PATH, help="Folder with config.json and sae_weights.safetensors.")
@click.option("--images", type=PATH, help="Folder of images, searched in depth.")
@click.option(
    "--on-bad-picture",
    type=click.Choice(get_args(OnBadPicture)),
    default="skip",
    show_default=True,
    help="Leave out images that cannot be read, and list them; or stop.",
)
@click.option("--embedded", is_flag=True, help="Use the small backend that comes with the project in place of these.")
@click.option("--feature", type=int, required=True, help="Index of the feature.")
@click.option("--n", type=COUNT, default=8, show_default=True, help="Pictures to show of each search.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The job's folder; resumes."
)
@click.option("--share", type=float, help="Of each side of the map that counts. [default: 0.5, embedded 1]")
@click.option("--hook", type=str, help="Stage and block, such as 2.20. [default: as the transcoder says]")
@click.option("--size", type=COUNT, default=256, show_default=True, help="Side of the images.")
@click.option("--device", default="cpu", show_default=True)
@click.option(
    "--precision", type=click.Choice(get_args(Precision)), default="float32", show_default=True, help="In the models."
)
@click.option("--batch", type=COUNT, help="Most pictures in one pass. [default: all]")
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
    from distributional_view.terminal import progress_bar

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
    console.print(f"wrote {out / 'search.png'}\nwrote {out / 'search.json'}", highlight=False)
