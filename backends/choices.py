"""The words that commands and functions take, without torch: the help of a command needs these alone."""

from typing import Literal

Activation = Literal["topk", "batchtopk", "jumprelu", "relu"]
"""Which codes of a transcoder are kept; see `transcoders.transcoder`."""
MethodName = Literal["retrieval", "KLSC-weights", "EnergyDPS", "EnergyDPS-constant", "twisted-SMC"]
"""How `explain` finds pictures; see `explain.methods`."""
RETRIEVALS: tuple[MethodName, ...] = ("retrieval", "KLSC-weights")
"""Those that need a score and a pool, and no prior."""
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
