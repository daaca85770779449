"""Binds what a transformers model writes to a JSON schema, a mask of allowed tokens a step."""

from typing import Any

import torch
from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from transformers import LogitsProcessor

from chassis.faults import InvalidArgument

BITS = 32


class SchemaMasks:
    """Makes masks for one model's tokens; made once, for it reads the whole vocabulary."""

    def __init__(self, tokenizer: Any, vocabulary: int, end: int) -> None:
        self._tokens: LLTokenizer = from_tokenizer(tokenizer, n_vocab=vocabulary, eos_token=end)
        self._vocabulary = vocabulary

    def make(self, schema: str) -> "SchemaMask":
        """For one reply. Raises InvalidArgument for a schema that cannot be obeyed."""
        try:
            # Between tokens of a schema small models can write blanks for ever.
            grammar = LLMatcher.grammar_from_json_schema(schema, defaults={"whitespace_flexible": False})
        except ValueError as error:
            raise InvalidArgument(f"this json_schema cannot be obeyed: {_one_line(str(error))}") from None
        matcher = LLMatcher(self._tokens, grammar)
        if matcher.is_error():
            raise InvalidArgument(f"this json_schema cannot be obeyed: {_one_line(matcher.get_error())}")
        return SchemaMask(matcher, self._vocabulary)


class SchemaMask(LogitsProcessor):  # type: ignore[misc]  # the library is untyped
    """One reply of one beam: after each token only those that the schema allows next are left."""

    def __init__(self, matcher: LLMatcher, vocabulary: int) -> None:
        self._matcher = matcher
        self._words = torch.zeros((vocabulary + BITS - 1) // BITS, dtype=torch.int32)
        self._shifts = torch.arange(BITS, dtype=torch.int32)
        self._read = -1

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        ids = input_ids[0].tolist()
        if self._read >= 0:
            self._matcher.consume_tokens(ids[self._read :])
        self._read = len(ids)
        self._matcher.unsafe_compute_mask_ptr(self._words.data_ptr(), self._words.numel() * 4)
        allowed = ((self._words[:, None] >> self._shifts) & 1).bool().flatten()
        mask = torch.zeros(scores.shape[-1], dtype=torch.bool)
        size = min(len(allowed), len(mask))
        mask[:size] = allowed[:size]
        return scores.masked_fill(~mask.to(scores.device), float("-inf"))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
