"""An independent DINOv3 vision transformer from the paper's words, with the names of the transformers files.

Rotations are complex multiplications over pairs (j, j + half) of each head's channels; attention is written out.
"""

import math

import torch
from torch.nn import functional as F  # noqa: N812

CONFIG = {
    "model_type": "dinov3_vit",
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_register_tokens": 2,
    "patch_size": 4,
    "image_size": 16,
    "rope_theta": 100.0,
    "layer_norm_eps": 1e-5,
    "use_gated_mlp": False,
}
"""Heads of 12 channels: 3 frequencies for rows and 3 for columns."""


def random_weights(config=CONFIG, seed=0, prefix="layer."):
    """Tensors by the names of a file; keys have no bias, as published."""
    rng, c, wide = torch.Generator().manual_seed(seed), config["hidden_size"], config["intermediate_size"]

    def draw(*shape, scale=None):
        return torch.randn(*shape, generator=rng) * (scale or shape[-1] ** -0.5)

    found = {
        "embeddings.cls_token": draw(1, 1, c, scale=1.0),
        "embeddings.mask_token": draw(1, 1, c, scale=1.0),
        "embeddings.register_tokens": draw(1, config["num_register_tokens"], c, scale=1.0),
        "embeddings.patch_embeddings.weight": draw(c, 3, config["patch_size"], config["patch_size"], scale=0.2),
        "embeddings.patch_embeddings.bias": draw(c, scale=0.5),
        "norm.weight": 1 + draw(c, scale=0.3),
        "norm.bias": draw(c, scale=0.3),
    }
    ins = {"up_proj": (wide, c), "down_proj": (c, wide)} | ({"gate_proj": (wide, c)} if config["use_gated_mlp"] else {})
    for j in range(config["num_hidden_layers"]):
        at = f"{prefix}{j}."
        for name in ("q_proj", "v_proj", "o_proj", "k_proj"):
            found[f"{at}attention.{name}.weight"] = 2 * draw(c, c)
            if name != "k_proj":
                found[f"{at}attention.{name}.bias"] = draw(c, scale=0.5)
        for name, shape in ins.items():
            found |= {f"{at}mlp.{name}.weight": draw(*shape), f"{at}mlp.{name}.bias": draw(shape[0], scale=0.5)}
        for k in (1, 2):
            found[f"{at}norm{k}.weight"] = 1 + draw(c, scale=0.3)
            found[f"{at}norm{k}.bias"] = draw(c, scale=0.3)
            found[f"{at}layer_scale{k}.lambda1"] = 0.5 + draw(c, scale=0.3)
    return found


def turned(x, angles, skipped):
    """x (n, heads, t, d) with the tokens after the first `skipped` turned by angles (t - skipped, d / 2)."""
    half = x.shape[-1] // 2
    turn = torch.polar(torch.ones_like(angles), angles)
    z = torch.complex(x[:, :, skipped:, :half], x[:, :, skipped:, half:]) * turn
    return torch.cat([x[:, :, :skipped], torch.cat([z.real, z.imag], dim=-1)], dim=2)


def inputs(tensors, images, config=CONFIG, prefix="layer."):
    """What each block reads, (n, tokens, channels); behind the last one what it gives."""
    w, c, heads, patch = tensors, config["hidden_size"], config["num_attention_heads"], config["patch_size"]
    n, _, height, width = images.shape
    rows, columns = height // patch, width // patch
    pieces = (
        images.unfold(2, patch, patch).unfold(3, patch, patch).permute(0, 2, 3, 1, 4, 5).reshape(n, rows * columns, -1)
    )
    kernel = w["embeddings.patch_embeddings.weight"].reshape(c, -1)
    patches = pieces @ kernel.T + w["embeddings.patch_embeddings.bias"]
    front = torch.cat([w["embeddings.cls_token"], w["embeddings.register_tokens"]], dim=1).expand(n, -1, -1)
    x, skipped = torch.cat([front, patches], dim=1), front.shape[1]
    d = c // heads
    periods = config["rope_theta"] ** (torch.arange(d // 4) * 4 / d)
    angles = torch.stack(
        [
            torch.cat([2 * math.pi * (2 * (i + 0.5) / size - 1) / periods for i, size in ((r, rows), (q, columns))])
            for r in range(rows)
            for q in range(columns)
        ]
    )
    seen = []
    for j in range(config["num_hidden_layers"]):
        seen.append(x)

        def at(name, j=j):
            return w[f"{prefix}{j}.{name}"]

        def linear(y, name, at=at):
            bias = w.get(f"{prefix}{j}.{name}.bias")  # noqa: B023
            return y @ at(f"{name}.weight").T + (0 if bias is None else bias)

        def norm(y, k, at=at):
            return F.layer_norm(y, (c,), at(f"norm{k}.weight"), at(f"norm{k}.bias"), config["layer_norm_eps"])

        h = norm(x, 1)
        q, k, v = (
            linear(h, f"attention.{name}_proj").reshape(n, -1, heads, d).transpose(1, 2) for name in ("q", "k", "v")
        )
        weights = (turned(q, angles, skipped) @ turned(k, angles, skipped).transpose(2, 3) / math.sqrt(d)).softmax(-1)
        mixed = (weights @ v).transpose(1, 2).reshape(n, -1, c)
        x = x + at("layer_scale1.lambda1") * linear(mixed, "attention.o_proj")
        h = norm(x, 2)
        up = linear(h, "mlp.up_proj")
        wide = F.silu(linear(h, "mlp.gate_proj")) * up if config["use_gated_mlp"] else F.gelu(up)
        x = x + at("layer_scale2.lambda1") * linear(wide, "mlp.down_proj")
    return [*seen, x]
