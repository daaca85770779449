"""What processes hold of the NVIDIA GPUs of this machine. Blocks as `chassis.gpu_cards` does."""

from collections.abc import Collection, Iterable

from chassis.gpu_cards import ask_nvidia_smi, open_nvml, read_mebibytes, text_of

HOLDINGS = "--query-compute-apps=gpu_uuid,pid,used_memory"


def held_by_gpu(pids: Collection[int]) -> dict[str, int]:
    """Bytes that these processes hold, by the GPU's uuid.

    Nothing where the driver knows them by other numbers, as it does those in a container.
    """
    nvml = open_nvml()
    if nvml is None:
        rows = (row for row in ask_nvidia_smi(HOLDINGS) if len(row) == 3 and row[1].isdigit())
        return _add_up((uuid, read_mebibytes(held)) for uuid, pid, held in rows if int(pid) in pids)
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        return _add_up(
            (text_of(nvml.nvmlDeviceGetUUID(handle)), running.usedGpuMemory or 0)
            for handle in handles
            for running in nvml.nvmlDeviceGetComputeRunningProcesses(handle)
            if running.pid in pids
        )
    except nvml.NVMLError:
        return {}
    finally:
        nvml.nvmlShutdown()


def _add_up(held: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for uuid, count in held:
        sums[uuid] = sums.get(uuid, 0) + count
    return sums
