"""What can be explained of the embedded classifier: the features of a transcoder, or the channels that it reads.

A channel is the feature of a dictionary whose encoder is the identity, so that both have scores, maps and methods by
the same code. Any hook of the classifier will do.

Paper: Appendix J.2 (213), Appendix L.1. There neurons stand in the place of features.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore, Mix
from distributional_view.backends.embedded.convnext import ConvNeXt, Hook
from distributional_view.backends.embedded.store import WEIGHTS, load_classifier, load_transcoder
from distributional_view.backends.embedded.world import feature_score, pictures
from distributional_view.backends.transcoders.channels import identity
from distributional_view.backends.transcoders.transcoder import Transcoder

_CHUNK = 500


@dataclass(frozen=True, eq=False)
class Layer:
    """A dictionary on the activations at a hook.

    Args:
        classifier: whose activations they are.
        transcoder: its features are explained.
        hook: where it reads.
    """

    classifier: ConvNeXt
    transcoder: Transcoder
    hook: Hook

    def score(self, feature: int) -> FeatureScore:
        """The usual score of a feature: pre-activations over the whole map.

        Raises:
            ValueError: for a feature that does not exist.
        """
        return feature_score(feature, reading=(self.transcoder, self.hook))

    @cached_property
    def hooked(self) -> Float[Tensor, "pool c h w"]:
        """The activations of all pictures, training part first."""
        with torch.no_grad():
            return torch.cat([self.classifier.features(part, self.hook) for part in pictures().images.split(_CHUNK)])

    def activation(self, feature: int) -> Float[np.ndarray, " pool"]:
        """The score of a feature on every picture, with the classifier's part done once.

        Raises:
            ValueError: for a feature that does not exist.
        """
        everywhere = (slice(None), slice(None))
        with torch.no_grad():
            return Mix()(self.transcoder.feature_pre_activation(self.hooked, feature, everywhere)).double().numpy()

    def activations(self, features: Sequence[int]) -> Float[np.ndarray, "pool k"]:
        """The scores of several features at once, equal to `activation` of each up to rounding."""
        found = []
        with torch.no_grad():
            for part in self.hooked.split(_CHUNK):
                u = self.transcoder.pre_activations(part)[:, list(features)]
                found.append(Mix()(u.flatten(0, 1)).unflatten(0, u.shape[:2]))
        return torch.cat(found).double().numpy()

    @cached_property
    def firing(self) -> Float[np.ndarray, " k"]:
        """The share of the pictures in which each feature has a positive code."""
        with torch.no_grad():
            parts = [self.transcoder.encode(part).amax((2, 3)) > 0 for part in self.hooked.split(_CHUNK)]
        found: Float[np.ndarray, " k"] = torch.cat(parts).double().mean(0).numpy()
        return found

    def live(self, least: float) -> list[int]:
        """The features that fire in at least this share of the pictures."""
        found: list[int] = np.flatnonzero(self.firing >= least).tolist()
        return found

    @cached_property
    def channels(self) -> "Layer":
        """The same place without the dictionary: the channels as features."""
        found = replace(self, transcoder=identity(self.transcoder.spec.d_in))
        found.__dict__["hooked"] = self.hooked  # the same activations, computed once
        return found


def load_layer(folder: Path = WEIGHTS) -> Layer:
    """The world's classifier with the transcoder in a folder.

    Raises:
        MissingWeights: if there is none.
        UserError: if a file is damaged.
    """
    return Layer(load_classifier(), *load_transcoder(folder))
