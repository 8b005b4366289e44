"""The text encoder of CLIP with prompts as vectors: words, soft prompts, and mixtures of both.

A prompt of k words is encoded as `longest` + 2 vectors: the begin mark, the words, the end mark, and padding. Each gets
the vector of its place, and sees only those before it (the mask is causal). Padding is not masked: the network was
trained with it.
"""

from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from distributional_view.theory.errors import require


class ClipPrompts(nn.Module):
    """Prompts and their conditions, (n, longest + 2, d).

    Args:
        tokenizer: a `CLIPTokenizer`.
        encoder: a `CLIPTextModel`.
    """

    def __init__(self, tokenizer: Any, encoder: Any) -> None:
        super().__init__()
        self.tokenizer, self.encoder = tokenizer, encoder
        marks = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
        words = [i for i in sorted(tokenizer.get_vocab().values()) if i not in marks]
        self.ids: Tensor
        self.register_buffer("ids", torch.tensor(words, dtype=torch.long), persistent=False)

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """The words, as the tokenizer writes them: "cat</w>" is a whole word, "cat" the beginning of one."""
        return tuple(self.tokenizer.convert_ids_to_tokens(self.ids.tolist()))

    @property
    def longest(self) -> int:
        """Most words of a prompt; the encoder takes two more vectors, the marks."""
        return int(self.encoder.config.max_position_embeddings) - 2

    def tokenized(self, text: str) -> Int[Tensor, "1 length"]:
        """The words of a text, as places in the vocabulary.

        Raises:
            ValueError: for too many words.
        """
        found = torch.tensor(self.tokenizer(text, add_special_tokens=False).input_ids, dtype=torch.long)
        allowed = f"at most {self.longest} words of the encoder's vocabulary; it has {len(found)}"
        require(len(found) <= self.longest, "prompt", text, allowed)
        return torch.searchsorted(self.ids, found.to(self.ids.device))[None]

    def embed(self, words: Int[Tensor, "n length"]) -> Float[Tensor, "n length d"]:
        """The vectors of words, before anything that depends on their place."""
        vectors: Tensor = self._table(self.ids[words])
        return vectors

    def encode(
        self, vectors: Float[Tensor, "n length d"], there: Bool[Tensor, "n length"] | None = None
    ) -> Float[Tensor, "n whole d"]:
        """The condition of prompts given as vectors, differentiable.

        Args:
            vectors: from `embed`, or optimised.
            there: which of them count; the others are left out, and those behind them move up. None: all.

        Raises:
            ValueError: for more vectors than the encoder takes.
        """
        n, length, d = vectors.shape
        require(length <= self.longest, "words of the prompt", length, f"in [0, {self.longest}], what is encoded")
        there = torch.ones(n, length, dtype=torch.bool, device=vectors.device) if there is None else there
        first = torch.argsort((~there).to(torch.uint8), dim=1, stable=True)
        moved = torch.gather(vectors, 1, first[:, :, None].expand(-1, -1, d))
        said = there.sum(1, keepdim=True)
        begin, end, pad = (self._table(torch.tensor([[i]], device=vectors.device)) for i in self._marks())
        rest = pad.expand(n, self.longest + 1 - length, d)
        body = torch.cat([moved, rest], dim=1)
        place = torch.arange(body.shape[1], device=vectors.device)[None]
        body = torch.where((place > said)[:, :, None], pad, body)
        body = torch.where((place == said)[:, :, None], end, body)
        return self._encoded(torch.cat([begin.expand(n, 1, d), body], dim=1))

    def _marks(self) -> tuple[int, int, int]:
        t = self.tokenizer
        return t.bos_token_id, t.eos_token_id, t.pad_token_id

    @property
    def _table(self) -> nn.Module:
        found: nn.Module = self.encoder.get_input_embeddings()
        return found

    def _encoded(self, vectors: Float[Tensor, "n whole d"]) -> Float[Tensor, "n whole d"]:
        """The encoder itself, with these vectors in place of those of its table: places and mask are its own."""
        handle = self._table.register_forward_hook(lambda module, given, answer: vectors.to(answer.dtype))
        try:
            blank = torch.zeros(vectors.shape[:2], dtype=torch.long, device=vectors.device)
            found: Tensor = self.encoder(blank).last_hidden_state
        finally:
            handle.remove()
        return found
