"""What stands around an engine's load on a machine with a GPU: its turn, its slice, its bound.

More than is free is never begun: it would end in the middle of somebody's sentence. Without a GPU, or with an
engine that wants none, nothing of this happens.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from prometheus_client import Gauge

from chassis.faults import NotReady
from chassis.gpu_cards import GB, Gpu
from chassis.logs import get_logger
from chassis.metrics import REGISTRY
from engine_room import gpu_claims
from engine_room.cuda_devices import choose_gpus, use_devices, visible_devices
from engine_room.engines import Engine, GpuBound
from engine_room.gpu_claims import Claims
from engine_room.gpu_lease import loading_turn
from engine_room.gpu_slice import CONTEXT_BYTES, GpuNeed, Grant, read_amount, shortage, show_gb, show_short
from engine_room.held_memory import gpus_for_us
from engine_room.settings import ServiceSettings

log = get_logger(__name__)
SLICE = Gauge(
    "parley_gpu_slice_bytes", "What the model may hold of GPUs; 0: it needs none", registry=REGISTRY
)
HELD = Gauge("parley_gpu_held_bytes", "What it holds of them", registry=REGISTRY)


@dataclass(frozen=True, slots=True)
class GpuTerms:
    """The GPU settings of a service.

    `index`: which GPU, of those that the process may see. `slice`: what `read_amount` takes; empty: the
    engine's own need. `reserved_bytes`: what must stay free of a card. `lease_url`: the Redis of turns and
    claims; empty: there are none.
    """

    index: int = 0
    slice: str = ""
    reserved_bytes: int = 2 * GB
    one_at_a_time: bool = True
    lease_url: str = ""

    @classmethod
    def of(cls, settings: ServiceSettings) -> "GpuTerms":
        return cls(
            index=settings.gpu_index,
            slice=settings.gpu_slice,
            reserved_bytes=round(settings.gpu_memory_reserved_gb * GB),
            one_at_a_time=settings.enable_memory_efficient_loading,
            lease_url=settings.gpu_lease_redis_url.get_secret_value(),
        )


class GpuGuard:
    """One for each process, which is `owner` to the others.

    `look` lists the machine's GPUs, what this process holds of them counted as free; it may block.
    `slice_bytes`: what the model may hold of all its GPUs together; 0: it needs none, or there is none.
    `waiting`: what `around` waits for now, for people; empty: nothing.
    """

    def __init__(
        self, terms: GpuTerms, owner: str = "", look: Callable[[], Sequence[Gpu]] = gpus_for_us
    ) -> None:
        self._terms, self._look = terms, look
        self._claims = Claims(terms.lease_url, owner)
        self._visible = visible_devices()
        self._taken_bytes = 0
        self.slice_bytes = 0
        self.waiting = ""

    def held_bytes(self, counted: int) -> int:
        """Bytes that the model holds of GPUs. `counted`: what the driver counts for our processes.

        Where it counts nothing, as in a container: by how much free memory fell during the load.
        """
        held = (counted or self._taken_bytes) if self.slice_bytes else counted
        HELD.set(held)
        return held

    async def unloaded(self) -> None:
        """To be called after an unload: drops the claims."""
        self._taken_bytes = 0
        await self._claims.drop()

    async def keep(self) -> None:
        """Renew the model's claims until cancelled."""
        await self._claims.keep()

    @asynccontextmanager
    async def around(self, engine: Engine) -> AsyncIterator[None]:
        """The engine loads in the body. Raises NotReady, saying by how much, where its slice is not free."""
        need = self._need(engine)
        gpus = () if need is None else await self._choose(need)
        self._declare(need, gpus)
        if need is None or not gpus:
            yield
            return
        async with AsyncExitStack() as turns:
            for gpu in sorted(gpus, key=lambda gpu: gpu.uuid):  # always in one order: nobody waits in a ring
                await self._take_turn(turns, gpu)
            try:
                for gpu in gpus:
                    await self._claim(need, gpu)
                before = await self._look_again(need)
                grants = [self._grant(need, gpu) for gpu in before]
                use_devices(before)
                self._bind(engine, grants)
                yield
                self._taken_bytes = _missing(before, await self._choose(need))
            except BaseException:
                await self._claims.drop()
                raise

    def _need(self, engine: Engine) -> GpuNeed | None:
        need = engine.gpu_need if isinstance(engine, GpuBound) else None
        if need is None or not self._terms.slice:
            return need
        return GpuNeed(read_amount(self._terms.slice), need.gpus)

    async def _choose(self, need: GpuNeed) -> tuple[Gpu, ...]:
        """The GPUs of this process as they are now. Raises NotReady for a GPU_INDEX that is not there."""
        gpus = await asyncio.to_thread(self._look)
        return choose_gpus(gpus, self._visible, self._terms.index, need.gpus)

    async def _look_again(self, need: GpuNeed) -> tuple[Gpu, ...]:
        """The GPUs as they are at the beginning of our turn. Raises NotReady where none answers any more."""
        gpus = await self._choose(need)
        if not gpus:
            raise NotReady("the GPU's driver has stopped answering; load the model again later")
        return gpus

    def _declare(self, need: GpuNeed | None, gpus: Sequence[Gpu]) -> None:
        self.slice_bytes = sum(need.amount.of(gpu.total) for gpu in gpus) if need else 0
        self._taken_bytes = 0
        SLICE.set(self.slice_bytes)

    async def _take_turn(self, turns: AsyncExitStack, gpu: Gpu) -> None:
        if not self._terms.one_at_a_time:
            return

        def say_waiting() -> None:
            self.waiting = f"waiting until another model is loaded on GPU {gpu.index}"

        try:
            await turns.enter_async_context(loading_turn(self._terms.lease_url, gpu.uuid, say_waiting))
        finally:
            self.waiting = ""

    def _grant(self, need: GpuNeed, gpu: Gpu) -> Grant | None:
        """None where the card does not say what it has. Raises NotReady where the slice is not free."""
        if not gpu.total:
            log.warning("slice not checked: the driver does not say what the GPU has", gpu=gpu.index)
            return None
        size, reserved = need.amount.of(gpu.total), self._terms.reserved_bytes
        if size <= CONTEXT_BYTES:
            raise NotReady(
                f"a slice of {show_gb(size)} of GPU {gpu.index} holds no model: CUDA alone takes "
                f"{show_gb(CONTEXT_BYTES)}; raise {need.lower}"
            )
        if short := shortage(size, gpu.free, reserved):
            raise NotReady(
                f"needs {show_gb(size)} of GPU {gpu.index}, {show_gb(gpu.free)} are free, "
                f"{show_gb(reserved)} are reserved: {show_short(short)} short; "
                f"lower {need.lower} or use another GPU_INDEX"
            )
        return Grant(size, gpu.total)

    async def _claim(self, need: GpuNeed, gpu: Gpu) -> None:
        """Raises NotReady where the slices of others leave too little, whatever of them is free still.

        That is said once it is sure that they all live: those of the dead expire.
        """
        now = asyncio.get_running_loop().time
        until = now() + gpu_claims.CLAIMED_S
        try:
            while gpu.total and (refusal := await self._try_claim(need, gpu)):
                if now() > until:
                    raise NotReady(refusal)
                self.waiting = f"waiting for room: {refusal}"
                await asyncio.sleep(gpu_claims.RENEW_S)
        finally:
            self.waiting = ""

    async def _try_claim(self, need: GpuNeed, gpu: Gpu) -> str:
        """ "" or why it is not ours. Alone on its card a slice is measured against what is free."""
        size, reserved = need.amount.of(gpu.total), self._terms.reserved_bytes
        others = await self._claims.take(gpu.uuid, size, gpu.total - reserved)
        short = shortage(size, gpu.total - sum(others.values()), reserved)
        if not others or not short:
            return ""
        names = ", ".join(f"{owner.partition(' ')[0]} {show_gb(held)}" for owner, held in others.items())
        return (
            f"needs {show_gb(size)} of GPU {gpu.index}, which has {show_gb(gpu.total)}; other slices are "
            f"{names}, {show_gb(reserved)} are reserved: {show_short(short)} short; "
            f"lower {need.lower} or use another GPU_INDEX"
        )

    def _bind(self, engine: Engine, grants: Sequence[Grant | None]) -> None:
        """Hold the engine to the smallest grant: an engine takes the same share of each of its GPUs."""
        known = [grant for grant in grants if grant is not None]
        if known and isinstance(engine, GpuBound):
            engine.keep_to(min(known, key=lambda grant: grant.share))


def _missing(before: Sequence[Gpu], after: Sequence[Gpu]) -> int:
    """By how many bytes less is free of these GPUs, added up; where more is free that counts as 0."""
    return sum(max(then.free - now.free, 0) for then, now in zip(before, after, strict=False))
