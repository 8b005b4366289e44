"""The words that commands and functions take, without torch: the help of a command needs these alone."""

from typing import Literal

Activation = Literal["topk", "batchtopk", "jumprelu", "relu"]
"""Which codes of a transcoder are kept; see `transcoders.transcoder`."""
MethodName = Literal[
    "retrieval", "KLSC-weights", "EnergyDPS", "EnergyDPS-constant", "twisted-SMC", "hybrid", "hybrid-SMC", "FK-steering"
]
"""How `explain` finds pictures; see `explain.methods`."""
RETRIEVALS: tuple[MethodName, ...] = ("retrieval", "KLSC-weights")
"""Those that need a score and a pool, and no prior."""
FILTERS: tuple[MethodName, ...] = ("twisted-SMC", "hybrid-SMC", "FK-steering")
"""Those whose pictures are the particles of one run; they take the multiplier of the tilt as it is."""
HYBRIDS: tuple[MethodName, ...] = ("hybrid", "hybrid-SMC")
"""Those that need pictures to learn H_t from."""
PREDICTED: tuple[MethodName, ...] = (*HYBRIDS, "FK-steering")
"""Those that need to know how much the plug-in tells at each noise level."""
BEST: MethodName = "hybrid"
"""What `explain` takes where there are pictures to learn from."""
WITHOUT_PICTURES: MethodName = "EnergyDPS"
"""What it takes elsewhere."""
RUNS: dict[MethodName, int] = {"twisted-SMC": 48, "hybrid-SMC": 96, "FK-steering": 96}
"""Particles of the filters; a calibration runs 16 pictures."""
FIRST: dict[MethodName, float] = {"hybrid": 0.5}
"""Where a calibration begins, in multipliers of the pool's tilt; 1 for the others."""
PotentialName = Literal["pool", "learned"]
"""Where the hybrid guidance has H_t from: the pictures themselves, or a network that is trained on them."""
Precision = Literal["float32", "bfloat16", "float16"]
"""Inside the models; everything else is in single precision."""
Solver = Literal["DDPM", "2M-SDE"]
"""Of first or of second order; see `theory.samplers.solvers`."""
Spacing = Literal["time", "log-SNR", "Karras"]
"""Where the noise levels lie; see `theory.samplers.schedule`."""
ReductionName = Literal["mix", "max", "mean", "logsumexp"]
"""From the map of a feature to one number; see `adapter.feature`."""
OnBadPicture = Literal["skip", "stop"]
"""What happens when a picture cannot be read; see `zoo.readable`."""
