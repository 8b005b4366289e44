"""The noise levels that a prior was trained on, from the configuration of its scheduler.

Which sampler the scheduler is, and how many steps it takes, is left aside: what counts is how the network was trained.
The levels are computed from the configuration in double precision.

With `rescale_betas_zero_snr` the last level is pure noise, alpha_bar = 0, where no estimate of x_0 exists that uses
x_t. It is left out: sampling starts one level below.

References: Ho et al. 2020 (linear), Rombach et al. 2022 (scaled_linear), Nichol and Dhariwal 2021 (squaredcos_cap_v2),
Lin et al. 2024 (zero terminal SNR).
"""

import inspect
from typing import Any, NamedTuple

import diffusers
import numpy as np
from jaxtyping import Float

from distributional_view.backends.adapter.world import Prediction
from distributional_view.backends.priors.folder import Part, UnknownPrior
from distributional_view.backends.zoo.weights import WrongWeights
from distributional_view.files import shown
from distributional_view.theory.samplers.schedule import NoiseSchedule

SCHEDULERS = (
    "DDIMScheduler", "DDIMParallelScheduler", "DDPMScheduler", "DDPMParallelScheduler", "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler", "DPMSolverSDEScheduler",
    "EulerAncestralDiscreteScheduler", "EulerDiscreteScheduler", "HeunDiscreteScheduler", "KDPM2DiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler", "LMSDiscreteScheduler", "PNDMScheduler", "UniPCMultistepScheduler",
)  # fmt: skip
"""Those of networks that were trained as a DDPM."""
PREDICTIONS: dict[str, Prediction] = {"epsilon": "epsilon", "sample": "sample", "v_prediction": "v"}


class Levels(NamedTuple):
    """The schedule of the training, what the network predicts, the range of x_0 (None: unknown), and remarks."""

    schedule: NoiseSchedule
    prediction: Prediction
    clip: tuple[float, float] | None
    said: tuple[str, ...] = ()


def levels(part: Part) -> Levels:
    """What a scheduler's configuration says of the training.

    Raises:
        UnknownPrior: for a scheduler, a schedule or a prediction that is not one of a DDPM.
        MissingWeights, WrongWeights: if the configuration cannot be read.
    """
    config, where = _with_defaults(part), shown(part.config_file)
    if config.get("use_flow_sigmas"):
        raise UnknownPrior(f"{where}: flow matching, which is no DDPM's noise")
    kind = config.get("prediction_type", "epsilon")
    if kind not in PREDICTIONS:
        raise UnknownPrior(f"{where}: prediction_type = {kind!r}: must be one of {tuple(PREDICTIONS)}")
    variances = _variances(config, where)
    said: tuple[str, ...] = ()
    if config.get("rescale_betas_zero_snr"):
        schedule = NoiseSchedule(_without_pure_noise(variances))
        said = ("the prior's last level is pure noise and is left out",)
    else:
        schedule = NoiseSchedule.from_variances(variances)
    if config.get("thresholding"):
        said += ("the scheduler's dynamic thresholding is not done",)
    clip = None
    if config.get("clip_sample"):
        side = float(config.get("clip_sample_range", 1.0))
        clip = (-side, side)
    return Levels(schedule, PREDICTIONS[kind], clip, said)


def _with_defaults(part: Part) -> dict[str, Any]:
    """The configuration, completed by the defaults of its class.

    Raises:
        UnknownPrior: for a class that is not of `SCHEDULERS`.
    """
    config = part.config()
    kind = str(config.get("_class_name", part.kind))
    if kind not in SCHEDULERS:
        raise UnknownPrior(f"{shown(part.config_file)}: a {kind}, whose noise is no DDPM's; known: {SCHEDULERS}")
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(getattr(diffusers, kind).__init__).parameters.items()
        if parameter.default is not parameter.empty
    }
    return {**defaults, **config}


def _variances(config: dict[str, Any], where: object) -> Float[np.ndarray, " n"]:
    """The DDPM variances 1 - alpha_i, i = 1, ..., N."""
    if config.get("trained_betas") is not None:
        return np.asarray(config["trained_betas"], dtype=np.float64)
    absent = [name for name in ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule") if name not in config]
    if absent:
        raise WrongWeights(f"{where}: {', '.join(absent)} are missing")
    steps, first, last, kind = (
        config[name] for name in ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule")
    )
    if kind == "linear":
        return np.linspace(first, last, steps)
    if kind == "scaled_linear":
        return np.linspace(first**0.5, last**0.5, steps) ** 2
    if kind == "squaredcos_cap_v2":
        alpha_bar = NoiseSchedule.cosine(steps).alpha_bar
        return 1 - alpha_bar[1:] / alpha_bar[:-1]
    if kind == "sigmoid":
        return first + (last - first) / (1 + np.exp(-np.linspace(-6, 6, steps)))
    raise UnknownPrior(
        f"{where}: beta_schedule = {kind!r}: must be linear, scaled_linear, squaredcos_cap_v2 or sigmoid, or "
        "trained_betas must be given"
    )


def _without_pure_noise(variances: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """alpha_bar_0, ..., alpha_bar_(N-1) of the levels whose signals are shifted and scaled so that the last is zero."""
    signal = np.sqrt(np.cumprod(1 - variances))
    signal = (signal - signal[-1]) * signal[0] / (signal[0] - signal[-1])
    return np.concatenate([[1.0], signal[:-1] ** 2])
