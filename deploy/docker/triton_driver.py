"""Compiles Triton's one C module into a cache folder: `python triton_driver.py FOLDER`.

Triton, in which vLLM's kernels are written, compiles this module when it is first used and wants a compiler
then. An image that runs should have none, so this is done while there is one, against a stand-in for the
driver's library: the real one comes with the card, at TRITON_LIBCUDA_PATH in both cases. The cache's key is
Triton's own: another version of it would find nothing here, and say that it has no compiler.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path


def main() -> None:
    os.environ["TRITON_CACHE_DIR"] = sys.argv[1]
    make_stand_in(Path(os.environ["TRITON_LIBCUDA_PATH"]) / "libcuda.so.1")
    from triton.backends.nvidia.driver import CudaUtils  # reads the environment when it is imported

    CudaUtils()
    made = sorted(Path(sys.argv[1]).rglob("*.so"))
    if not made:
        sys.exit("Triton compiled nothing: does it still have one module in C?")
    print(*made)


def make_stand_in(library: Path) -> None:
    """A library with every function of the driver that the module calls: enough to link and load it."""
    triton = find_spec("triton")
    if triton is None or triton.origin is None:
        sys.exit("there is no triton here")
    source = (Path(triton.origin).parent / "backends/nvidia/driver.c").read_text(encoding="utf-8")
    called = sorted(set(re.findall(r"\bcu[A-Z]\w+(?=\()", source)))
    functions = "\n".join(f"int {name}(void) {{ return 999; }}" for name in called)
    command = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)]
    subprocess.run(command, input=functions, text=True, check=True)


if __name__ == "__main__":
    main()
