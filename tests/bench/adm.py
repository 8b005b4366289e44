"""What a picture costs with the ADM prior and DINOv3 at full size: python -m tests.bench.adm

Random weights on the device "meta": counted, not measured. A picture takes `evaluations` passes through ADM, of which
`backward` go on through DINOv3 ConvNeXt-L to the paper's hook and back to x_t:

    FLOPs = (evaluations - backward) forward + backward (forward and backward),
    seconds = FLOPs/(share of the peak x peak).

Weights, activations and points have one type; autocast keeps the weights in float32. The small network of a learned
potential is left out. Where torch finds a GPU a step is measured too; that part has never been run.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from rich.console import Console
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from distributional_view.backends.zoo.adm import IMAGENET_256, Adm
from distributional_view.backends.zoo.dinov3 import SIZES, Backbone
from distributional_view.terminal import Table
from tests.bench.counting import Counted, forward, forward_backward, weight_bytes

PEAK = 989e12
"""FLOPs a second of an H100 (SXM) in dense bfloat16, as NVIDIA publishes it."""
SHARES = (0.1, 0.4)
"""Of the peak, assumed: a poor and a good use of the machine at one picture."""
PAPER_SECONDS, PAPER_MIB = 96.0, 14567
"""Of one picture. Table 11 of the paper."""
PLANS = ((1000, 1000), (30, 30), (20, 20), (20, 14))
"""Evaluations and, among them, those with a backward pass."""
HOOK = (2, 20)


class Step(NamedTuple):
    """Both kinds of evaluation, and the bytes of the weights."""

    plain: Counted
    guided: Counted
    weights: int

    def flops(self, evaluations: int, backward: int) -> int:
        """Of one picture."""
        return (evaluations - backward) * self.plain.flops + backward * self.guided.flops

    @property
    def gib(self) -> float:
        """Weights and the most bytes alive in a guided evaluation."""
        return (self.weights + self.guided.peak_bytes) / 2**30


def networks(
    dtype: torch.dtype, recompute: bool, device: str = "meta"
) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor], int]:
    """The denoiser, the denoiser with the score behind it, and the bytes of the weights."""
    with torch.device(device):
        adm, backbone = Adm(IMAGENET_256.network()), Backbone(*SIZES["large"], HOOK)
        moment = torch.zeros(1, dtype=torch.int64)
    for network in (adm, backbone):
        network.to(dtype).eval().requires_grad_(False)
    if recompute:
        again = partial(checkpoint, use_reentrant=False, preserve_rng_state=False)
        adm.network.enable_gradient_checkpointing(again)

    def denoise(x: Tensor) -> Tensor:
        return adm(x, moment)

    return denoise, lambda x: backbone(denoise(x)), weight_bytes(adm, backbone)


def step(dtype: torch.dtype = torch.bfloat16, recompute: bool = False, batch: int = 1) -> Step:
    """One step at 256 x 256, counted."""
    plain, guided, weights = networks(dtype, recompute)
    x = torch.empty(batch, 3, 256, 256, device="meta", dtype=dtype)
    return Step(forward(plain, x), forward_backward(guided, x), weights)


def measured() -> str:
    """Seconds and GiB of a guided step on a GPU."""
    _, guided, _ = networks(torch.bfloat16, recompute=False, device="cuda")
    x = torch.randn(1, 3, 256, 256, device="cuda", dtype=torch.bfloat16, requires_grad=True)
    for repeat in range(8):
        if repeat == 3:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
            start = time.perf_counter()
        torch.autograd.grad(guided(x).sum(), x)
    torch.cuda.synchronize()
    seconds, most = (time.perf_counter() - start) / 5, torch.cuda.max_memory_allocated() / 2**30
    return f"measured on {torch.cuda.get_device_name()}: {seconds:.3f} s a guided step in bfloat16, {most:.1f} GiB"


def main() -> None:
    kinds = {(d, r): step(d, r) for d in (torch.float32, torch.bfloat16) for r in (False, True)}
    rows = [
        (str(d).removeprefix("torch."), "yes" if r else "no", f"{s.plain.flops / 1e12:.2f}",
         f"{s.guided.flops / 1e12:.2f}", f"{s.weights / 2**30:.2f}", f"{s.guided.peak_bytes / 2**30:.2f}",
         f"{s.gib:.2f}", f"{s.plain.operations}", f"{s.guided.operations}")
        for (d, r), s in kinds.items()
    ]  # fmt: skip
    header = ("type", "checkpointing", "TFLOP plain", "guided", "GiB weights", "alive", "sum", "calls plain", "guided")
    console = Console(width=140)
    Table("One evaluation, 256 x 256, one picture: counted, not measured", header, rows, words=header[:1]).show(console)
    best = kinds[torch.bfloat16, False]
    lines = [
        (f"{n}", f"{b}", f"{best.flops(n, b) / 1e15:.3f}", *(f"{best.flops(n, b) / (u * PEAK):.2f}" for u in SHARES))
        for n, b in PLANS
    ]
    header = ("evaluations", "backward", "PFLOP", *(f"s at {100 * u:.0f} % of the peak" for u in SHARES))
    Table(f"One picture at {PEAK / 1e12:.0f} TFLOP/s: counted, not measured", header, lines).show(console)
    rate = best.flops(*PLANS[0]) / PAPER_SECONDS
    print(f"wanted: 5 s and 8 GiB; the paper: {PAPER_SECONDS:.0f} s and {PAPER_MIB / 1024:.1f} GiB, which is")
    print(f"{rate / 1e12:.0f} TFLOP/s, {100 * rate / PEAK:.1f} % of that peak, if it runs 1000 guided evaluations")
    for n, b in PLANS[1:]:
        print(f"at the paper's rate {n} evaluations, {b} with backward: {best.flops(n, b) / rate:.2f} s")
    if torch.cuda.is_available():
        print(measured())


if __name__ == "__main__":
    main()
