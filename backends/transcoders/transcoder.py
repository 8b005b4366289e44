"""Sparse autoencoder and convolutional-encoder transcoder over a grid of activations.

For activations x of shape (n, c, h, w), at each position,

    u = (x s_in - b_pre) * W_conv + b_conv        (a convolution with zero padding; linear if the kernel is 1 x 1)
    z = sparsify(u)                               (codes, >= 0)
    x_hat = (z W_D + b_D) / s_out

with s = 1, or s = sqrt(channels)/(mean norm over the dataset) where the checkpoint asks for "dataset-wise" scaling.
`sparsify` keeps u where the ranked value v is large: v = u, or u times the norm of the feature's row in W_D
("decoder-norm scaling": multiplied before the selection and divided after it, so the kept codes are u itself).

- "topk": the k largest v > 0 at each position; exactly k codes are nonzero, or fewer if fewer are positive.
- "batchtopk": the (k x positions) largest v > 0 of the whole batch while training; afterwards all v above a threshold
  learned in training, so that a code does not depend on the rest of the batch (Bussmann et al. 2024). Without a
  learned threshold the selection is made within each image.
- "jumprelu": v above the feature's own threshold (Rajamanoharan et al. 2024).
- "relu": v > 0.

With a 1 x 1 kernel this is the standard SAE. The selection has no gradient; the kept values have.

Paper: Appendix C.1 (32)-(34), (37)-(42). The letter b_dec of the paper is `b_D` in the published files and here.
"""

import math
from dataclasses import dataclass
from typing import get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from distributional_view.choices import Activation
from distributional_view.theory.errors import require

Window = tuple[slice, slice]
"""Rows and columns of the grid."""


@dataclass(frozen=True)
class TranscoderSpec:
    """The shape of a transcoder and its conventions.

    Args:
        d_in: channels read, >= 1.
        d_sae: features, >= 1.
        kernel_size: side of the encoder's kernel, odd.
        activation: see the module's docstring.
        top_k: codes a position for "topk" and "batchtopk", in [1, d_sae]; ignored by the others.
        d_out: channels reconstructed; default d_in.
        decoder_bias: whether there is b_D.
        pre_bias: whether there is b_pre (not in the published files).
        decoder_norm_scaling: whether features are ranked by u times their decoder norm.
        dataset_norm: whether activations are scaled by sqrt(channels)/(stored mean norm); otherwise taken as they are.

    Raises:
        ValueError: for values outside these ranges.
    """

    d_in: int
    d_sae: int
    kernel_size: int = 1
    activation: Activation = "topk"
    top_k: int | None = None
    d_out: int | None = None
    decoder_bias: bool = True
    pre_bias: bool = False
    decoder_norm_scaling: bool = False
    dataset_norm: bool = False

    def __post_init__(self) -> None:
        require(self.d_in >= 1, "d_in", self.d_in, ">= 1")
        require(self.d_sae >= 1, "d_sae", self.d_sae, ">= 1")
        odd = self.kernel_size >= 1 and self.kernel_size % 2 == 1
        require(odd, "kernel_size", self.kernel_size, "odd and >= 1")
        require(
            self.activation in get_args(Activation), "activation", self.activation, f"one of {get_args(Activation)}"
        )
        if self.activation in ("topk", "batchtopk"):
            ok = self.top_k is not None and 1 <= self.top_k <= self.d_sae
            require(ok, "top_k", self.top_k, f"in [1, {self.d_sae}] for {self.activation}")
        require(self.d_out is None or self.d_out >= 1, "d_out", self.d_out, ">= 1")

    @property
    def out(self) -> int:
        """Channels reconstructed."""
        return self.d_in if self.d_out is None else self.d_out

    @property
    def k(self) -> int:
        """`top_k` where it is in use."""
        assert self.top_k is not None
        return self.top_k


class Transcoder(nn.Module):
    """See the module's docstring. Parameters carry the names of the published files.

    Args:
        spec: shape and conventions.
        seed: of the initial weights; the decoder's rows are random unit vectors, the middle of the encoder's kernel is
            its transpose (random if the widths differ), everything else is zero. None leaves the weights without
            values, for loading.
    """

    W_conv: nn.Parameter
    b_conv: nn.Parameter
    W_D: nn.Parameter
    b_D: nn.Parameter | None  # noqa: N815
    b_pre: nn.Parameter | None
    log_threshold: nn.Parameter | None
    batch_threshold: Tensor | None
    norm_in: Tensor | None
    norm_out: Tensor | None

    def __init__(self, spec: TranscoderSpec, seed: int | None) -> None:
        super().__init__()
        self.spec = spec
        self.W_conv = nn.Parameter(torch.empty(spec.d_sae, spec.d_in, spec.kernel_size, spec.kernel_size))
        self.b_conv = nn.Parameter(torch.empty(spec.d_sae))
        self.W_D = nn.Parameter(torch.empty(spec.d_sae, spec.out))
        self.b_D = nn.Parameter(torch.empty(spec.out)) if spec.decoder_bias else None
        self.b_pre = nn.Parameter(torch.empty(spec.d_in)) if spec.pre_bias else None
        self.log_threshold = nn.Parameter(torch.empty(spec.d_sae)) if spec.activation == "jumprelu" else None
        self.register_buffer("batch_threshold", torch.tensor(0.0) if spec.activation == "batchtopk" else None)
        self.register_buffer("norm_in", torch.tensor(math.sqrt(spec.d_in)) if spec.dataset_norm else None)
        self.register_buffer("norm_out", torch.tensor(math.sqrt(spec.out)) if spec.dataset_norm else None)
        if seed is not None:
            self._initialise(seed)

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        rng, middle = torch.Generator().manual_seed(seed), self.spec.kernel_size // 2
        rows = F.normalize(torch.randn(self.W_D.shape, generator=rng), dim=1)
        columns = torch.randn(self.W_conv.shape[:2], generator=rng)
        for parameter in self.parameters():
            parameter.zero_()
        self.W_D.copy_(rows)
        self.W_conv[:, :, middle, middle] = rows if rows.shape == columns.shape else F.normalize(columns, dim=1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        """The reconstruction, in the units of the activations."""
        return self.decode(self.encode(x))

    def encode(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k h w"]:
        """The codes of all features.

        Raises:
            ValueError: if x has not `d_in` channels.
        """
        return self.sparsify(self.pre_activations(x))

    def decode(self, z: Float[Tensor, "n k h w"]) -> Float[Tensor, "n d h w"]:
        """The activations that codes stand for. Paper: Appendix C.1 (34)."""
        return self.to_output_units(self.decode_scaled(z))

    def decode_scaled(self, z: Float[Tensor, "n k h w"]) -> Float[Tensor, "n d h w"]:
        """The same in scaled units, z W_D + b_D."""
        return F.conv2d(z, self.W_D.T[:, :, None, None], self.b_D)

    def to_output_units(self, y: Float[Tensor, "n d h w"]) -> Float[Tensor, "n d h w"]:
        """Divide by the scale s_out."""
        return y if self.norm_out is None else y * (self.norm_out / math.sqrt(self.spec.out))

    def from_output_units(self, y: Float[Tensor, "n d h w"]) -> Float[Tensor, "n d h w"]:
        """Multiply by the scale s_out."""
        return y if self.norm_out is None else y * (math.sqrt(self.spec.out) / self.norm_out)

    def pre_activations(
        self, x: Float[Tensor, "n c h w"], window: Window | None = None, features: slice | None = None
    ) -> Float[Tensor, "n k h2 w2"]:
        """u, for all positions and features or for some; the values do not depend on what else is asked for.

        Args:
            x: activations.
            window: rows and columns wanted (step 1); default all.
            features: which features; default all.

        Raises:
            ValueError: if x has not `d_in` channels.
        """
        require(x.shape[1] == self.spec.d_in, "x.shape", tuple(x.shape), f"(n, {self.spec.d_in}, h, w)")
        if self.norm_in is not None:
            x = x * (math.sqrt(self.spec.d_in) / self.norm_in)
        if self.b_pre is not None:
            x = x - self.b_pre[:, None, None]
        reach = self.spec.kernel_size // 2
        some = slice(None) if features is None else features
        if window is None:
            return F.conv2d(x, self.W_conv[some], self.b_conv[some], padding=reach)
        (top, bottom, _), (left, right, _) = (s.indices(size) for s, size in zip(window, x.shape[2:], strict=True))
        seen = F.pad(x, (reach,) * 4)[:, :, top : bottom + 2 * reach, left : right + 2 * reach]
        return F.conv2d(seen, self.W_conv[some], self.b_conv[some])

    def ranked(self, u: Float[Tensor, "n k h w"], features: slice | None = None) -> Float[Tensor, "n k h w"]:
        """v, by which features are selected."""
        if not self.spec.decoder_norm_scaling:
            return u
        norms = self.W_D[slice(None) if features is None else features].norm(dim=1)
        return u * norms[:, None, None]

    def sparsify(self, u: Float[Tensor, "n k h w"]) -> Float[Tensor, "n k h w"]:
        """z: u where it is selected, else 0. The selection is not differentiated."""
        return u * self.selected(self.ranked(u).detach())

    def selected(self, v: Float[Tensor, "n k h w"]) -> Float[Tensor, "n k h w"]:
        """1 where a feature is active, else 0, from the ranked values of all features."""
        positive = v > 0
        match self.spec.activation:
            case "relu":
                chosen = positive
            case "jumprelu":
                assert self.log_threshold is not None
                chosen = positive & (v > self.log_threshold.exp()[:, None, None])
            case "topk":
                best = v.topk(self.spec.k, dim=1).indices
                chosen = torch.zeros_like(v, dtype=torch.bool).scatter_(1, best, True) & positive
            case "batchtopk":
                chosen = positive & self._in_batch(v)
        return chosen.to(v.dtype)

    def _in_batch(self, v: Float[Tensor, "n k h w"]) -> Tensor:
        """Selection by batch top-k: whole batch in training, learned threshold after it, else within each image."""
        assert self.batch_threshold is not None
        if not self.training and self.batch_threshold > 0:
            return v > self.batch_threshold
        rows = v.reshape(1 if self.training else v.shape[0], -1)
        kept = rows.shape[1] // self.spec.d_sae * self.spec.k
        best = rows.topk(kept, dim=1).indices
        return torch.zeros_like(rows, dtype=torch.bool).scatter_(1, best, True).reshape(v.shape)

    def feature_map(
        self, x: Float[Tensor, "n c h w"], feature: int, window: Window | None = None
    ) -> Float[Tensor, "n h2 w2"]:
        """The codes of one feature, equal to `encode(x)[:, feature]` up to rounding and at lower cost.

        The gradient passes through this feature's kernel alone. "jumprelu", "relu" and "batchtopk" with a learned
        threshold need no other feature. "topk" needs the pre-activations of all features at the wanted positions to
        know whether this one is among the k largest: they are computed without a graph, which saves their backward
        pass, and only inside the window. Where two features are equal to the last digit this may select both.

        Args:
            x: activations.
            feature: index in [0, d_sae).
            window: rows and columns wanted; default all. With "batchtopk" and no learned threshold the selection still
                is that of the whole image.

        Raises:
            ValueError: for a feature out of range or a wrong number of channels.
        """
        u = self.feature_pre_activation(x, feature, window)
        one = slice(feature, feature + 1)
        v = self.ranked(u[:, None], one).detach()[:, 0]
        with torch.no_grad():
            match self.spec.activation:
                case "relu":
                    chosen = v > 0
                case "jumprelu":
                    assert self.log_threshold is not None
                    chosen = (v > 0) & (v > self.log_threshold[feature].exp())
                case "topk":
                    others = self.ranked(self.pre_activations(x, window))
                    others[:, feature] = -math.inf
                    chosen = (v > 0) & ((others > v[:, None]).sum(dim=1) < self.spec.k)
                case "batchtopk":
                    assert self.batch_threshold is not None
                    if not self.training and self.batch_threshold > 0:
                        chosen = (v > 0) & (v > self.batch_threshold)
                    else:
                        whole = self.selected(self.ranked(self.pre_activations(x)))[:, feature] > 0
                        chosen = whole if window is None else whole[:, window[0], window[1]]
        return u * chosen

    def feature_pre_activation(
        self, x: Float[Tensor, "n c h w"], feature: int, window: Window | None = None
    ) -> Float[Tensor, "n h2 w2"]:
        """u of one feature: one kernel's work whatever the activation; not sparse, may be negative."""
        require(0 <= feature < self.spec.d_sae, "feature", feature, f"in [0, {self.spec.d_sae})")
        return self.pre_activations(x, window, slice(feature, feature + 1))[:, 0]


def to_jumprelu(transcoder: Transcoder) -> Transcoder:
    """A "batchtopk" transcoder with its learned threshold as a "jumprelu" one with the same codes.

    Raises:
        ValueError: unless the activation is "batchtopk" and its threshold has been learned.
    """
    require(transcoder.spec.activation == "batchtopk", "activation", transcoder.spec.activation, "'batchtopk'")
    learned = transcoder.batch_threshold
    assert learned is not None
    require(bool(learned > 0), "batch_threshold", learned.item(), "> 0, learned in training")
    spec = TranscoderSpec(**{**transcoder.spec.__dict__, "activation": "jumprelu"})
    result = Transcoder(spec, seed=None).to(transcoder.W_D)
    state = {name: value for name, value in transcoder.state_dict().items() if name != "batch_threshold"}
    log_threshold = learned.to(transcoder.W_D).log().expand(spec.d_sae).clone()
    result.load_state_dict({**state, "log_threshold": log_threshold})
    return result
