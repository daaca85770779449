"""A stand-in for NVIDIA's library, which is not where these tests run."""

from types import SimpleNamespace
from typing import Any


class Library:
    """NVIDIA's, as far as it is asked. Knows whether it was shut down."""

    class NVMLError(Exception):
        pass

    def __init__(self, memory: dict[int, tuple[int, int]], broken: bool = False) -> None:
        self._memory, self._broken = memory, broken
        self.open = 1

    def nvmlDeviceGetCount(self) -> int:
        if self._broken:
            raise self.NVMLError
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetUUID(self, handle: int) -> bytes:
        return f"GPU-{handle}".encode()

    def nvmlDeviceGetName(self, handle: int) -> str:
        return f"card {handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        if handle not in self._memory:
            raise self.NVMLError
        total, free = self._memory[handle]
        return SimpleNamespace(total=total, free=free)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[Any]:  # noqa: ARG002
        return [SimpleNamespace(pid=7, usedGpuMemory=10), SimpleNamespace(pid=8, usedGpuMemory=None)]

    def nvmlShutdown(self) -> None:
        self.open -= 1
