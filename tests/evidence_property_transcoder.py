"""Property rung, Appendix C.1: the project's own transcoder against the appendix's formulas, written out in loops.

Torch is imported inside the check: the other evidence does not need it.
"""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from distributional_view.proofs_check.evidence import evidence, expect
from tests.support.strategies import for_all

sizes = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))


def largest(code: np.ndarray, k: int) -> np.ndarray:
    """(33), (39): the k largest entries of a code where they are positive, the others 0."""
    kept = np.argsort(-code, kind="stable")[:k]
    out = np.zeros_like(code)
    out[kept] = np.maximum(code[kept], 0)
    return out


def built(rng: np.random.Generator, channels: int, features: int, kernel: int, k: int) -> tuple[Any, dict[str, Any]]:
    """A transcoder of the project with weights drawn here, and these weights."""
    import torch

    from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec

    spec = TranscoderSpec(channels, features, kernel, "topk", k, pre_bias=True)
    shapes = {
        "W_conv": (features, channels, kernel, kernel),
        "b_conv": (features,),
        "W_D": (features, channels),
        "b_D": (channels,),
        "b_pre": (channels,),
    }
    weights = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    transcoder = Transcoder(spec, seed=0).double()
    transcoder.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return transcoder.eval().requires_grad_(False), weights


@evidence(
    "Appendix C.1",
    "property",
    controls={
        "a pre-bias added": {"fold": -1.0, "breaks": "the codes"},
        "one code fewer": {"kept": -1, "breaks": "the codes"},
        "a kernel that is flipped": {"flip": True, "breaks": "the codes"},
        "a decoder without its bias": {"bias": 0.0, "breaks": "the reconstruction"},
        "a 3 x 3 kernel is position-wise too": {"wide": True, "breaks": "a 1 x 1 kernel is position-wise"},
    },
)
def transcoder_is_the_appendix(
    fold: float = 1.0, kept: int = 0, flip: bool = False, bias: float = 1.0, wide: bool = False
) -> str:
    """(37)-(42) in loops over positions and taps, with a decoder, for 1 x 1 and 3 x 3 kernels; (32)-(34) for 1 x 1."""
    reached = {"1 x 1": 0, "3 x 3": 0, "fewer than k positive": 0}

    @for_all(sizes, st.sampled_from([1, 3]), st.integers(1, 5), st.integers(0, 10**6), examples=60)
    def each(size, kernel, k, seed):
        import torch

        (channels, features, height, width), k = size, min(k, size[1])
        rng = np.random.default_rng(seed)
        transcoder, w = built(rng, channels, features, kernel, k)
        x, reach = rng.normal(size=(channels, height, width)), kernel // 2
        padded = np.zeros((channels, height + 2 * reach, width + 2 * reach))
        padded[:, reach : reach + height, reach : reach + width] = x - fold * w["b_pre"][:, None, None]
        taps = w["W_conv"][:, :, ::-1, ::-1] if flip else w["W_conv"]
        codes, image = np.zeros((features, height, width)), np.zeros_like(x)
        for i, j in np.ndindex(height, width):
            seen = padded[:, i : i + kernel, j : j + kernel]
            u = np.array([float((tap * seen).sum()) for tap in taps]) + w["b_conv"]
            reached["fewer than k positive"] += int((u > 0).sum() < k)
            codes[:, i, j] = largest(u, k + kept)
            image[:, i, j] = codes[:, i, j] @ w["W_D"] + bias * w["b_D"]
        batch = torch.from_numpy(x[None])
        found = transcoder.encode(batch)
        near = np.allclose(found[0].numpy(), codes, rtol=1e-10, atol=1e-11)
        expect(near, "the codes are (37)-(39)", kernel=kernel, k=k, left=found[0].numpy(), right=codes)
        made = transcoder(batch)[0].numpy()
        expect(np.allclose(made, image, rtol=1e-10, atol=1e-11), "the reconstruction is (40)", left=made, right=image)
        if kernel == 1 or wide:
            alone = [transcoder(batch[:, :, i : i + 1, j : j + 1])[0, :, 0, 0] for i, j in np.ndindex(height, width)]
            one_by_one = torch.stack(alone, dim=1).reshape(channels, height, width).numpy()
            same = np.allclose(one_by_one, made, rtol=1e-10, atol=1e-11)
            expect(same, "a 1 x 1 kernel is position-wise: the sparse autoencoder", left=one_by_one, right=made)
        reached[f"{kernel} x {kernel}"] += 1

    expect(min(reached.values()) >= 5, "both kernels and short codes were drawn", counts=reached)
    return f"codes and reconstructions to ten digits; drawn: {', '.join(f'{n} {key}' for key, n in reached.items())}."
