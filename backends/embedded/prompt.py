"""From the words of a prompt to the vector that conditions the prior.

Words become vectors, one transformer layer without places (a prompt is a set of words) lets them see each other, and
their mean is mapped to the width of the U-Net's time embedding, to which it is added. A prompt without words gives
exactly zero, so that one network is both the prior (no words) and the prior of a prompt.

References: Ho and Salimans 2022 (one network with and without its condition).
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

WIDTH, HEADS = 64, 4


class PromptEncoder(nn.Module):
    """`encoder(encoder.embed(words))` is the condition.

    Args:
        words: size of the vocabulary, >= 1.
        outputs: width of the condition.
    """

    def __init__(self, words: int, outputs: int):
        super().__init__()
        self.table = nn.Embedding(words, WIDTH)
        self.layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 2 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.out = nn.Linear(WIDTH, outputs, bias=False)  # no bias: nothing in, nothing out
        nn.init.zeros_(self.out.weight)

    def embed(self, words: Int[Tensor, "n length"]) -> Float[Tensor, "n length d"]:
        """The vectors of words; a number below 0, no word, gets the first one's, to be masked."""
        vectors: Tensor = self.table(words.clamp(min=0))
        return vectors

    def forward(
        self, vectors: Float[Tensor, "n length d"], there: Bool[Tensor, "n length"] | None = None
    ) -> Float[Tensor, "n outputs"]:
        """The condition of prompts given as vectors.

        Args:
            vectors: of the words, from `embed` or optimised (a soft prompt).
            there: which of them count; None: all.
        """
        n, length, _ = vectors.shape
        there = torch.ones(n, length, dtype=torch.bool, device=vectors.device) if there is None else there
        said = there.any(1)
        condition = vectors.new_zeros(n, self.out.out_features)
        if not bool(said.any()):
            return condition
        mask = there[said]
        mixed = self.layer(vectors[said], src_key_padding_mask=~mask)
        mean = (self.norm(mixed) * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return condition.index_put((said.nonzero()[:, 0],), self.out(mean))

    def of_words(self, words: Int[Tensor, "n length"]) -> Float[Tensor, "n outputs"]:
        """The condition of prompts given as numbers, below 0 for no word."""
        condition: Tensor = self(self.embed(words), words >= 0)
        return condition
