"""Appendix C: the transcoder against the SAE's formulas and plain loops; the published folder; a feature's score."""

import json
import math

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.adapter.feature import (
    FeatureScore,
    LogSumExp,
    Mix,
    all_scores,
    centre,
    imagenet_normalise,
    maximum,
    mean,
)
from distributional_view.backends.transcoders.checkpoint import BadCheckpoint, load_published, publish, save_published
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec, to_jumprelu

ACTIVATIONS = ("topk", "batchtopk", "jumprelu", "relu")


def random_transcoder(seed=0, d_in=5, d_sae=12, kernel=3, activation="topk", k=3, **more):
    """All parameters random, in double precision."""
    t = Transcoder(TranscoderSpec(d_in, d_sae, kernel, activation, k, **more), seed).double()
    rng = torch.Generator().manual_seed(seed + 100)
    with torch.no_grad():
        for p in t.parameters():
            p.copy_(torch.randn(p.shape, generator=rng, dtype=torch.float64) * 0.4)
        if t.norm_in is not None:
            t.norm_in.fill_(1.7)
            t.norm_out.fill_(0.6)
    return t.eval().requires_grad_(False)


def grid(n=2, c=5, h=6, w=7, seed=3):
    return torch.randn(n, c, h, w, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# --- Appendix C ---


def test_a_1x1_kernel_is_the_sae_exactly():
    """(32)-(34) on the flattened positions, in numbers on which floating point is exact: equal to the last bit."""
    rng = torch.Generator().manual_seed(0)
    t = Transcoder(TranscoderSpec(6, 20, 1, "topk", 4, pre_bias=True), seed=0).double().requires_grad_(False)
    for p in t.parameters():
        p.copy_(torch.randint(-8, 9, p.shape, generator=rng) / 4)
    x = torch.randint(-16, 17, (3, 6, 4, 5), generator=rng).double() / 8
    flat = x.flatten(2).transpose(1, 2)  # B x N x C
    u = (flat - t.b_pre) @ t.W_conv[:, :, 0, 0].T + t.b_conv
    # Ties are common among such numbers; the k-th largest value then decides less than the codes do.
    kth = u.sort(dim=2, descending=True).values[:, :, 3:4]
    z = t.encode(x).flatten(2).transpose(1, 2)
    above = u > kth
    assert torch.equal(z[above & (u > 0)], u[above & (u > 0)])
    assert torch.equal(z[u < kth], torch.zeros_like(z[u < kth]))
    assert (z[(u == kth) & (u > 0)] > 0).any()
    assert torch.equal(z[z > 0], u[z > 0])
    assert torch.equal((z > 0).sum(dim=2), (u > 0).sum(dim=2).clamp(max=4))
    x_hat = z @ t.W_D + t.b_D
    assert torch.equal(t(x).flatten(2).transpose(1, 2), x_hat)


def test_a_1x1_kernel_is_the_sae_for_any_numbers():
    t = random_transcoder(kernel=1, pre_bias=True)
    x = grid()
    u = (x.flatten(2).transpose(1, 2) - t.b_pre) @ t.W_conv[:, :, 0, 0].T + t.b_conv
    z = torch.where(u >= u.sort(dim=2, descending=True).values[:, :, 2:3], u, 0).clamp(min=0)
    assert torch.allclose(t.encode(x).flatten(2).transpose(1, 2), z, rtol=0, atol=1e-13)
    assert torch.allclose(t(x).flatten(2).transpose(1, 2), z @ t.W_D + t.b_D, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_the_encoder_sees_a_neighbourhood_padded_with_zeros(kernel):
    """(37)-(38) by a loop over the taps; b_pre is subtracted before the padding."""
    t, x = random_transcoder(kernel=kernel, pre_bias=True), grid()
    reach = kernel // 2
    wanted = t.b_conv[:, None, None].expand(2, 12, 6, 7).clone()
    centred = x - t.b_pre[:, None, None]
    for i in range(6):
        for j in range(7):
            for a in range(kernel):
                for b in range(kernel):
                    r, c = i + a - reach, j + b - reach
                    if 0 <= r < 6 and 0 <= c < 7:
                        wanted[:, :, i, j] += centred[:, :, r, c] @ t.W_conv[:, :, a, b].T
    assert torch.allclose(t.pre_activations(x), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("k", [1, 3, 12])
def test_top_k_keeps_the_k_largest_and_only_positive_ones(k):
    t, x = random_transcoder(k=k), grid()
    u, z = t.pre_activations(x), t.encode(x)
    assert torch.equal((z > 0).sum(dim=1), (u > 0).sum(dim=1).clamp(max=k))
    assert torch.equal(z[z != 0], u[z != 0])
    dropped = torch.where(z > 0, -math.inf, u).amax(dim=1)
    kept = torch.where(z > 0, u, math.inf).amin(dim=1)
    assert (kept >= dropped.where((z > 0).sum(dim=1) == k, torch.tensor(0.0))).all()
    assert z.min() == 0


def test_decoder_norm_scaling_ranks_by_contribution():
    plain, scaled = random_transcoder(), random_transcoder(decoder_norm_scaling=True)
    x = grid()
    u, norms = scaled.pre_activations(x), scaled.W_D.square().sum(dim=1).sqrt()
    v = u * norms[:, None, None]
    chosen = (v >= v.topk(3, dim=1).values[:, -1:]) & (v > 0)
    assert torch.allclose(scaled.encode(x), (v * chosen) / norms[:, None, None], rtol=0, atol=1e-13)
    assert not torch.equal(scaled.encode(x) > 0, plain.encode(x) > 0)


def test_batch_top_k():
    """The whole batch in training, a learned threshold later, each image by itself if there is none."""
    t, x = random_transcoder(activation="batchtopk"), grid(n=4)
    u = t.pre_activations(x)
    count = 3 * x[:, 0].numel()
    in_batch = torch.where(u >= u.flatten().topk(count).values[-1], u, 0).clamp(min=0)
    assert torch.equal(t.train().encode(x), in_batch)
    t.eval()
    alone = torch.cat([t.encode(image[None]) for image in x])
    assert torch.equal(t.encode(x), alone)
    assert not torch.equal(alone, in_batch)
    t.batch_threshold.fill_(0.9)
    assert torch.equal(t.encode(x), torch.where(u > 0.9, u, 0))
    assert torch.equal(to_jumprelu(t).encode(x), t.encode(x))


def test_jumprelu_and_relu():
    t, x = random_transcoder(activation="jumprelu"), grid()
    u = t.pre_activations(x)
    assert torch.equal(t.encode(x), torch.where(u > t.log_threshold.exp()[:, None, None], u, 0))
    assert torch.equal(random_transcoder(activation="relu").encode(x), u.relu())


def test_norm_conventions():
    """dataset-wise: x sqrt(d)/norm in, the inverse out; folding the scales into the weights gives "inference"."""
    t, x = random_transcoder(dataset_norm=True, d_out=4, pre_bias=True), grid()
    s_in, s_out = math.sqrt(5) / 1.7, math.sqrt(4) / 0.6
    raw = random_transcoder(d_out=4, pre_bias=True)
    assert torch.allclose(t.encode(x), raw.encode(x * s_in), rtol=0, atol=1e-12)
    assert torch.allclose(t(x), raw(x * s_in) / s_out, rtol=0, atol=1e-12)
    assert not torch.allclose(t.encode(x), raw.encode(x), atol=0.1)
    raw.W_conv *= s_in
    raw.b_pre /= s_in
    raw.W_D /= s_out
    raw.b_D /= s_out
    assert torch.allclose(t(x), raw(x), rtol=0, atol=1e-12)
    assert torch.allclose(t.to_output_units(t.from_output_units(t(x))), t(x))


@pytest.mark.parametrize("scaling", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_one_feature_alone_equals_all_together(activation, scaling):
    """Values and gradients, on the whole grid and in a window."""
    t = random_transcoder(activation=activation, decoder_norm_scaling=scaling, dataset_norm=True, kernel=5)
    windows = [None, (slice(1, 4), slice(2, 7)), (slice(0, 1), slice(6, 7))]
    for threshold in (0.0, 0.5) if activation == "batchtopk" else (None,):
        if threshold is not None:
            t.batch_threshold.fill_(threshold)
        seen = 0
        for feature in range(12):
            for window in windows:
                x, y = grid().requires_grad_(), grid().requires_grad_()
                all_of_it = t.encode(x)[:, feature]
                wanted = all_of_it if window is None else all_of_it[:, window[0], window[1]]
                found = t.feature_map(y, feature, window)
                assert torch.allclose(found, wanted, rtol=0, atol=1e-12)
                wanted.square().sum().backward()
                found.square().sum().backward()
                assert torch.allclose(y.grad, x.grad, rtol=0, atol=1e-11)
                seen += int((wanted > 0).sum())
        assert seen > 50


def test_the_selection_matters_for_one_feature():
    """Without it the map would be the rectified pre-activation, which is something else under top-k."""
    t, x = random_transcoder(), grid()
    gated, raw = t.feature_map(x, 2), t.feature_pre_activation(x, 2)
    assert not torch.allclose(gated, raw.relu())
    assert torch.equal(gated[gated != 0], raw[gated != 0])


@pytest.mark.parametrize(
    ("argument", "changes"),
    [
        ("kernel_size", {"kernel_size": 4}),
        ("kernel_size", {"kernel_size": 0}),
        ("top_k", {"top_k": 0}),
        ("top_k", {"top_k": 13}),
        ("top_k", {"top_k": None}),
        ("d_in", {"d_in": 0}),
        ("d_out", {"d_out": 0}),
    ],
)
def test_bad_specs(argument, changes):
    with pytest.raises(ValueError, match=f"{argument} = "):
        TranscoderSpec(**{"d_in": 5, "d_sae": 12, "top_k": 3, **changes})


def test_bad_calls():
    t = random_transcoder()
    for call in (t.encode, t, lambda x: t.feature_map(x, 0)):
        with pytest.raises(ValueError, match=r"x\.shape = \(2, 4, 6, 7\): must be \(n, 5, h, w\)"):
            call(grid(c=4))
    for feature in (-1, 12):
        with pytest.raises(ValueError, match=f"feature = {feature}: must be in"):
            t.feature_map(grid(), feature)
    with pytest.raises(ValueError, match="batchtopk"):
        to_jumprelu(t)
    with pytest.raises(ValueError, match="learned in training"):
        to_jumprelu(random_transcoder(activation="batchtopk"))


def test_initial_weights():
    one, same, other = (Transcoder(TranscoderSpec(5, 12, 3, "topk", 3), seed) for seed in (0, 0, 1))
    assert torch.equal(one.W_conv, same.W_conv)
    assert not torch.equal(one.W_conv, other.W_conv)
    assert torch.allclose(one.W_D.norm(dim=1), torch.ones(12))
    assert torch.equal(one.W_conv[:, :, 1, 1], one.W_D)
    assert one.W_conv.detach().count_nonzero() == one.W_D.numel()


# --- The published folder ---


def published_folder(folder, act="topk", norm="dataset-wise", dtype=torch.float32, bias=True, **changes):
    """A folder in the paper's format, with names and shapes from its description (small)."""
    rng = torch.Generator().manual_seed(7)
    tensors = {
        "W_conv": torch.randn(32, 8, 7, 7, generator=rng),
        "b_conv": torch.randn(32, generator=rng),
        "W_D": torch.randn(32, 8, generator=rng),
        "layer_norm_weight": torch.randn(8, generator=rng),
        "layer_norm_bias": torch.randn(8, generator=rng),
        "dataset_average_activation_norm.stages.2.20": torch.tensor(2.5),
    }
    if bias:
        tensors["b_D"] = torch.randn(8, generator=rng)
    if act == "jumprelu":
        tensors["activation_function.log_jumprelu_threshold"] = torch.randn(32, generator=rng)
    config = {
        "act_fn": act,
        "top_k": 4,
        "expansion_factor": 4,
        "use_decoder_bias": bias,
        "sparsity_include_decoder_norm": True,
        "norm_activation": norm,
        "something_else": {"kept": [1, 2.5, None]},
        **changes,
    }
    folder.mkdir(exist_ok=True)
    save_file({name: value.to(dtype) for name, value in tensors.items()}, folder / "sae_weights.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return tensors, config


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("norm", ["dataset-wise", "inference"])
@pytest.mark.parametrize("act", ACTIVATIONS)
def test_round_trip_changes_no_bit(tmp_path, act, norm, dtype):
    _, config = published_folder(tmp_path / "a", act, norm, dtype)
    save_published(tmp_path / "b", load_published(tmp_path / "a"))
    save_published(tmp_path / "c", load_published(tmp_path / "b"))
    first, second = (load_file(tmp_path / name / "sae_weights.safetensors") for name in "ab")
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert value.dtype == second[name].dtype
        assert torch.equal(value, second[name]), name
    assert json.loads((tmp_path / "b" / "config.json").read_text()) == config
    for name in ("config.json", "sae_weights.safetensors"):
        assert (tmp_path / "b" / name).read_bytes() == (tmp_path / "c" / name).read_bytes()


def test_a_published_folder_is_read_as_its_description_says(tmp_path):
    tensors, _ = published_folder(tmp_path)
    t, x = load_published(tmp_path).transcoder, grid(c=8).float()
    u = F.conv2d(x / 2.5 * math.sqrt(8), tensors["W_conv"], tensors["b_conv"], padding=3)
    v = u * tensors["W_D"].norm(dim=1)[:, None, None]
    z = torch.where((v >= v.topk(4, dim=1).values[:, -1:]) & (v > 0), u, 0)
    assert torch.allclose(t.encode(x), z, rtol=1e-5, atol=1e-5)
    x_hat = (torch.einsum("nkhw,kc->nchw", z, tensors["W_D"]) + tensors["b_D"][:, None, None]) * 2.5 / math.sqrt(8)
    assert torch.allclose(t(x), x_hat, rtol=1e-4, atol=1e-4)
    assert not any(p.requires_grad for p in t.parameters())
    published_folder(tmp_path, bias=False)
    assert load_published(tmp_path).transcoder.b_D is None


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_our_own_transcoders_are_saved_in_the_same_format(tmp_path, activation):
    t = random_transcoder(
        activation=activation, d_out=4, decoder_norm_scaling=True, pre_bias=True, dataset_norm=True
    ).float()
    if activation == "batchtopk":
        t.batch_threshold.fill_(0.3)
    save_published(tmp_path, publish(t, "stages.2.20", "stages.2.21"))
    back = load_published(tmp_path)
    assert (back.hook_in, back.hook_out, back.extra) == ("stages.2.20", "stages.2.21", {})
    assert back.transcoder.spec == t.spec
    assert torch.equal(back.transcoder(grid().float()), t(grid().float()))


def test_two_norms_need_two_names():
    t = random_transcoder(dataset_norm=True)
    with pytest.raises(ValueError, match=r"a name other than 'stages\.2\.20'"):
        publish(t, "stages.2.20")


def rewrite(folder, drop=(), **changes):
    """Drop or replace tensors of a folder."""
    path = folder / "sae_weights.safetensors"
    tensors = {k: v for k, v in load_file(path).items() if k not in drop}
    save_file(tensors | changes, path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"act_fn": "gelu"}, r"act_fn = 'gelu': must be one of \('topk'"),
        ({"norm_activation": "token-wise"}, "norm_activation = 'token-wise': must be"),
        ({"use_glu_encoder": True}, "use_glu_encoder = true is not supported"),
        ({"top_k": 99}, r"top_k = 99: must be in \[1, 32\]"),
        ({"expansion_factor": 5}, "expansion_factor = 5"),
        ({"d_model": 9}, "d_model = 9"),
        ({"hook_point_in": "elsewhere"}, "needs the tensor 'dataset_average_activation_norm.elsewhere'"),
    ],
)
def test_wrong_configs(tmp_path, config, message):
    published_folder(tmp_path, **config)
    with pytest.raises(BadCheckpoint, match=message):
        load_published(tmp_path)


def test_missing_fields(tmp_path):
    _, config = published_folder(tmp_path)
    for name in ("act_fn", "top_k", "use_decoder_bias", "sparsity_include_decoder_norm", "norm_activation"):
        (tmp_path / "config.json").write_text(json.dumps({k: v for k, v in config.items() if k != name}))
        with pytest.raises(BadCheckpoint, match=f"field '{name}' is missing"):
            load_published(tmp_path)


@pytest.mark.parametrize("name", ["W_conv", "b_conv", "W_D", "b_D", "dataset_average_activation_norm.stages.2.20"])
def test_missing_and_misshapen_tensors(tmp_path, name):
    published_folder(tmp_path, hook_point_in="stages.2.20")
    rewrite(tmp_path, **{name: torch.zeros(3, 3, 3)})
    with pytest.raises(BadCheckpoint, match=r"has shape \(3, 3, 3\), wanted"):
        load_published(tmp_path)
    rewrite(tmp_path, drop=[name])
    with pytest.raises(BadCheckpoint, match=name):
        load_published(tmp_path)


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is missing: a transcoder is a folder with"):
        load_published(tmp_path / "nowhere")
    published_folder(tmp_path)
    (tmp_path / "sae_weights.safetensors").write_bytes(b"torn")
    with pytest.raises(BadCheckpoint, match="damaged"):
        load_published(tmp_path)
    (tmp_path / "sae_weights.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"sae_weights\.safetensors is missing"):
        load_published(tmp_path)
    published_folder(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(BadCheckpoint, match="damaged"):
        load_published(tmp_path)


# --- Scores ---


def test_reductions_by_hand():
    """The mix is that of Appendix J.2 (213)."""
    z = torch.tensor([[[4.0, -2.0], [0.0, 1.0]], [[-1.0, -3.0], [-2.0, -2.0]]], dtype=torch.float64)
    assert Mix()(z).tolist() == pytest.approx([0.7 * 4 + 0.3 * 5 / 4, -0.7])
    assert Mix(0.5, 2.0)(z).tolist() == pytest.approx([2 + 2.5, -0.5])
    assert maximum(z).tolist() == [4, -1]
    assert mean(z).tolist() == [0.75, -2]
    by_hand = math.log(sum(math.exp(v / 0.5) for v in (4, -2, 0, 1)) / 4) * 0.5
    assert LogSumExp(0.5)(z)[0].item() == pytest.approx(by_hand)
    assert torch.allclose(LogSumExp(1e-3)(z), maximum(z), atol=2e-3)
    assert torch.allclose(LogSumExp(1e4)(z), mean(z), atol=1e-3)
    assert LogSumExp()(torch.zeros(1, 3, 3)).item() == pytest.approx(0, abs=1e-6)
    for bad in (0.0, math.inf):
        with pytest.raises(ValueError, match="temperature"):
            LogSumExp(bad)
    with pytest.raises(ValueError, match="mean_weight"):
        Mix(0.7, math.nan)


@pytest.mark.parametrize(
    ("size", "share", "kept"),
    [(16, 0.5, (4, 12)), (7, 0.5, (1, 5)), (4, 1.0, (0, 4)), (3, 0.1, (1, 2)), (1, 0.5, (0, 1))],
)
def test_centre(size, share, kept):
    rows, columns = centre(size, 8, share)
    assert (rows.start, rows.stop) == kept
    assert (columns.start + columns.stop) in (7, 8)


def small_backbone(seed=1):
    """A smooth nonlinear network 3 -> 5 channels, half the resolution."""
    rng = torch.Generator().manual_seed(seed)
    kernel = torch.randn(5, 3, 3, 3, generator=rng, dtype=torch.float64)
    return lambda x: torch.tanh(F.conv2d(x, kernel, stride=2, padding=1))


@pytest.mark.parametrize("reduction", [Mix(), maximum, mean, LogSumExp(0.3)])
@pytest.mark.parametrize("gated", [True, False])
def test_the_score_and_its_gradient(reduction, gated):
    t, x = random_transcoder(kernel=3), grid(c=3, h=12, w=12).clamp(-1, 1)
    score = FeatureScore(small_backbone(), t, 4, reduction, gated=gated)
    pixels = ((x + 1) / 2 - torch.tensor([0.485, 0.456, 0.406]).double()[:, None, None]) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).double()[:, None, None]
    a = small_backbone()(pixels)
    whole = (t.encode(a) if gated else t.pre_activations(a))[:, 4]
    assert torch.allclose(score(x), reduction(whole[:, 1:4, 1:4]))  # of 6 x 6
    assert torch.allclose(score.map(x, whole=True), whole)
    assert (score(x) != 0).any()
    assert torch.autograd.gradcheck(score, x.clone().requires_grad_(), eps=1e-7, atol=1e-4, fast_mode=True)


def test_all_scores_equal_the_features_one_by_one():
    t, x = random_transcoder(), grid(c=3, h=12, w=12)
    together = all_scores(small_backbone(), t, x, Mix())
    for feature in range(12):
        assert torch.allclose(together[:, feature], FeatureScore(small_backbone(), t, feature)(x))
    assert together.count_nonzero() > 6


def test_a_feature_that_is_not_selected_has_score_and_gradient_zero():
    """A fact of gated maps that a sampler meets at high noise; the pre-activation has a gradient there."""
    t, x = random_transcoder(k=1), grid(n=1, c=3, h=12, w=12)
    silent = [f for f in range(12) if FeatureScore(small_backbone(), t, f)(x) == 0]
    assert silent
    for gated in (True, False):
        y = x.clone().requires_grad_()
        FeatureScore(small_backbone(), t, silent[0], gated=gated)(y).sum().backward()
        assert (y.grad.abs().max() > 0) == (not gated)


def test_score_errors():
    t = random_transcoder()
    with pytest.raises(ValueError, match=r"feature = 12: must be in \[0, 12\)"):
        FeatureScore(small_backbone(), t, 12)
    with pytest.raises(ValueError, match="share = 0"):
        FeatureScore(small_backbone(), t, 1, share=0.0)
    with pytest.raises(ValueError, match="colour images"):
        FeatureScore(small_backbone(), t, 1)(grid(c=1))
    assert torch.allclose(
        imagenet_normalise(torch.tensor([0.485, 0.456, 0.406])[None, :, None, None] * 2 - 1), torch.zeros(1)
    )
