"""Training of a shared dictionary: each step a random backbone encodes, and all decoders reconstruct.

    L = sum_j mean|x_j - decoder_j(z_i)| + a sum_j |(x_j - decoder_j(z_i)) - e_ij|^2,   i drawn at random

The second term brings back codes that are almost silent under encoder i (`transcoders.dead`): e_ij is what they make of
the error of every backbone, so that a code that is alive under one encoder becomes alive under the others.

References: Thasarathan et al. 2025: expansion 8, k = 32, L1, 30 epochs, 3e-4 falling to 1e-6, no term for dead codes.
The defaults here are for the embedded pictures: a minute.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from distributional_view.backends.training import load_state, require_finite_loss, save_state, step_generator
from distributional_view.backends.transcoders.dead import aux_loss
from distributional_view.backends.usae.dictionary import UniversalDictionary
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent

_FORGETTING = 0.02  # weight of a step in the running share of positions at which a code fires


@dataclass(frozen=True)
class UniversalSettings:
    """How to train.

    Args:
        codes: in the dictionary, >= 1.
        top_k: codes a position, in [1, codes].
        steps: >= 1.
        batch: pictures a step, >= 1.
        learning_rate: of Adam at the start, > 0; falls along a cosine.
        aux_weight: a of the loss, >= 0.
        rare: a code is silent under an encoder while it fires at a smaller share of the positions, in [0, 1).
        seed: of everything random.
        save_every: steps between two saves.
    """

    codes: int = 256
    top_k: int = 8
    steps: int = 1000
    batch: int = 64
    learning_rate: float = 2e-3
    aux_weight: float = 1 / 4
    rare: float = 2e-3
    seed: int = 0
    save_every: int = 500

    def __post_init__(self) -> None:
        for name in ("codes", "steps", "batch", "save_every"):
            require(getattr(self, name) >= 1, name, getattr(self, name), ">= 1")
        require(1 <= self.top_k <= self.codes, "top_k", self.top_k, f"in [1, {self.codes}], the codes")
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "> 0")
        require(0 <= self.rare < 1, "rare", self.rare, "in [0, 1)")
        require(self.aux_weight >= 0, "aux_weight", self.aux_weight, ">= 0")

    def rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, ..., steps - 1."""
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * step / self.steps))


class _Run:
    """All that `save` writes."""

    def __init__(self, channels: Sequence[int], settings: UniversalSettings) -> None:
        self.settings, self.step = settings, 0
        self.dictionary = UniversalDictionary(channels, settings.codes, settings.top_k, settings.seed)
        self.optimiser = torch.optim.Adam(self.dictionary.parameters(), lr=settings.learning_rate)
        self.share = torch.full((len(channels), settings.codes), settings.top_k / settings.codes)
        self.identity = {"channels": list(channels), "settings": asdict(settings)}

    @torch.no_grad()
    def begin(self, activations: Sequence[Tensor]) -> None:
        """Each code begins as the activations at one position, the same for all backbones; far ones are likelier."""
        flat = [a.movedim(1, -1).flatten(0, -2) for a in activations]
        far = torch.stack([f.norm(dim=1) / f.norm(dim=1).mean() for f in flat]).prod(0)
        rng = step_generator(self.settings.seed, self.settings.steps)
        enough = self.settings.codes <= len(far)
        drawn = torch.multinomial(far, self.settings.codes, replacement=not enough, generator=rng)
        for i, f in enumerate(flat):
            part, rows = self.dictionary.part(i), functional.normalize(f[drawn], dim=1)
            part.W_D.copy_(rows)
            part.W_conv.copy_(rows[:, :, None, None])

    def advance(self, activations: Sequence[Tensor]) -> float:
        """One step on random pictures, encoded by a random backbone."""
        s, rng = self.settings, step_generator(self.settings.seed, self.step)
        drawn = torch.randint(len(activations[0]), (s.batch,), generator=rng)
        i = int(torch.randint(len(activations), (1,), generator=rng))
        x = [a[drawn] for a in activations]
        u = self.dictionary.part(i).pre_activations(x[i])
        z = self.dictionary.part(i).sparsify(u)
        dead = self.share[i] < s.rare
        loss = x[0].new_zeros(())
        for j, target in enumerate(x):
            error = target - self.dictionary.decode(j, z)
            loss = loss + error.abs().mean()
            if bool(dead.any()) and s.aux_weight > 0:
                loss = loss + s.aux_weight * aux_loss(self.dictionary.part(j), u, error.detach(), dead, None)
        require_finite_loss(loss, self.step)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.param_groups[0]["lr"] = s.rate_at(self.step)
        self.optimiser.step()
        with torch.no_grad():
            self.share[i].lerp_((z > 0).to(z).mean((0, 2, 3)), _FORGETTING)
            for part in map(self.dictionary.part, range(len(x))):
                part.W_D.div_(part.W_D.norm(dim=1, keepdim=True).clamp_min(1e-8))
        self.step += 1
        return loss.item()

    def save(self, path: Path, job: str) -> None:
        """Write the state."""
        state = {"dictionary": self.dictionary.state_dict(), "optimiser": self.optimiser.state_dict()}
        save_state(path, self.identity, {**state, "share": self.share, "step": self.step}, job)

    def load(self, path: Path, job: str) -> None:
        """Go on from a state, if there is one."""
        state = load_state(path, self.identity, job=job)
        if state is not None:
            self.dictionary.load_state_dict(state["dictionary"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.share, self.step = state["share"], state["step"]


def train_universal(
    activations: Sequence[Tensor],
    settings: UniversalSettings,
    path: Path | None = None,
    progress: Progress = silent,
    job: str = "",
) -> UniversalDictionary:
    """Train a dictionary, or go on where a killed run stopped.

    Args:
        activations: standardised, of each backbone on the same pictures: (n, channels, h, w), the same n, h, w.
        settings: see `UniversalSettings`.
        path: where to keep the state; None keeps nothing.
        progress: called after each step.
        job: whose the state is.

    Raises:
        TrainingDiverged: if the loss stops being finite.
        UserError: if the state is damaged, another training's, or cannot be written.
        ValueError: for activations that do not fit together.
    """
    grids = [(len(a), *a.shape[2:]) for a in activations]
    require(len(set(grids)) == 1, "pictures and grids of the activations", grids, "equal for all backbones")
    run = _Run([a.shape[1] for a in activations], settings)
    run.begin(activations)
    if path is not None:
        run.load(path, job)
    while run.step < settings.steps:
        loss = run.advance(activations)
        if path is not None and (run.step % settings.save_every == 0 or run.step == settings.steps):
            run.save(path, job)
        progress(f"shared dictionary, loss {loss:.3f}", run.step, settings.steps)
    return run.dictionary.eval().requires_grad_(False)
