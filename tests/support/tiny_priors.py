"""Tiny priors with random weights in the real format, saved by diffusers and transformers themselves."""

import json
from pathlib import Path

import torch
from diffusers import (
    AsymmetricAutoencoderKL,
    AutoencoderKL,
    AutoencoderTiny,
    DDIMScheduler,
    DDPMPipeline,
    DDPMScheduler,
    DiTPipeline,
    DiTTransformer2DModel,
    StableDiffusionPipeline,
    UNet2DConditionModel,
    UNet2DModel,
    VQModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MERGES = ["c a", "ca t</w>", "d o", "do g</w>"]


def spread(network, seed=0):
    """Random weights large enough that everything in the network matters: by default last layers begin at zero."""
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.named_parameters():
            if value.ndim > 1:
                fan = value[0].numel()
                value.copy_(torch.randn(value.shape, generator=rng) / fan**0.5)
            elif "norm" not in name:
                value.copy_(0.1 * torch.randn(value.shape, generator=rng))
    return network.eval()


def unet(channels=3, size=32, **options):
    return spread(
        UNet2DModel(
            sample_size=size,
            in_channels=channels,
            out_channels=channels,
            layers_per_block=1,
            block_out_channels=(8, 16),
            norm_num_groups=4,
            attention_head_dim=4,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            **options,
        )
    )


def vae(kind="AutoencoderKL", channels=4):
    """Two pixels a position."""
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    sizes = {"block_out_channels": (8, 16), "latent_channels": channels, "norm_num_groups": 4}
    if kind == "AutoencoderTiny":
        return spread(
            AutoencoderTiny(
                encoder_block_out_channels=(8, 8),
                decoder_block_out_channels=(8, 8),
                num_encoder_blocks=(1, 1),
                num_decoder_blocks=(1, 1),
                latent_channels=channels,
            )
        )
    if kind == "AsymmetricAutoencoderKL":
        down = {"down_block_types": ("DownEncoderBlock2D",) * 2, "down_block_out_channels": (8, 16)}
        up = {"up_block_types": ("UpDecoderBlock2D",) * 2, "up_block_out_channels": (8, 16)}
        return spread(AsymmetricAutoencoderKL(**down, **up, latent_channels=channels, norm_num_groups=4))
    if kind == "VQModel":
        return spread(VQModel(**blocks, **sizes, num_vq_embeddings=32, scaling_factor=0.5))
    return spread(AutoencoderKL(**blocks, **sizes, scaling_factor=0.7, shift_factor=0.1))


def save_pixels(folder: Path, scheduler=None, **options):
    """A `DDPMPipeline` of 3 x 32 x 32 pictures."""
    DDPMPipeline(unet(**options), scheduler or DDPMScheduler()).save_pretrained(folder)
    return folder


def save_latents(folder: Path, kind="AutoencoderKL"):
    """Parts and index of a pipeline of latents 4 x 16 x 16, pictures of 32 pixels."""
    part = "vqvae" if kind == "VQModel" else "vae"
    scheduler = DDIMScheduler(clip_sample=False, beta_schedule="scaled_linear", beta_start=0.0015, beta_end=0.0195)
    parts = {"unet": unet(4, 16), part: vae(kind), "scheduler": scheduler}
    index = {"_class_name": "LDMPipeline", "_diffusers_version": "0.42.1"}
    for name, network in parts.items():
        network.save_pretrained(folder / name)
        index[name] = ["diffusers", type(network).__name__]
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def save_dit(folder: Path):
    """A `DiTPipeline` of latents 4 x 8 x 8 with 1000 classes and learned variances."""
    network = DiTTransformer2DModel(
        num_attention_heads=2, attention_head_dim=4, in_channels=4, out_channels=8, num_layers=2, sample_size=8
    )
    names = {"2": "white shark, man-eater", "7": "cock"}
    DiTPipeline(spread(network), vae(), DDIMScheduler(clip_sample=False)).save_pretrained(folder)
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "id2label": names}))
    return folder


def save_text(folder: Path, **scheduler):
    """A `StableDiffusionPipeline` of latents 4 x 8 x 8, its tokenizer as vocab.json and merges.txt."""
    network = UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        attention_head_dim=2,
        cross_attention_dim=16,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    vocabulary = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "ca", "cat</w>", "do", "dog</w>"]
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    config = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=len(vocabulary) - 2,
        eos_token_id=len(vocabulary) - 1,
        pad_token_id=len(vocabulary) - 1,
    )
    numbers = {word: i for i, word in enumerate(vocabulary)}
    tokenizer = CLIPTokenizer(numbers, [tuple(m.split()) for m in MERGES], model_max_length=77)
    levels = DDIMScheduler(clip_sample=False, beta_schedule="scaled_linear", steps_offset=1, **scheduler)
    parts = {
        "vae": vae(),
        "text_encoder": spread(CLIPTextModel(config)),
        "tokenizer": tokenizer,
        "unet": spread(network),
    }
    pipeline = StableDiffusionPipeline(
        **parts, scheduler=levels, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    pipeline.save_pretrained(folder)
    for path in (folder / "tokenizer").iterdir():
        path.unlink()
    (folder / "tokenizer" / "vocab.json").write_text(json.dumps(numbers))
    (folder / "tokenizer" / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES]) + "\n")
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "pad_token": "<|endoftext|>"}
    (folder / "tokenizer" / "tokenizer_config.json").write_text(json.dumps(config))
    return folder
