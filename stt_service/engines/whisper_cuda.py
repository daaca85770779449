"""Where Whisper's library finds the one CUDA library that it opens by itself: cuBLAS of CUDA 12.

torch brings that of CUDA 13, which is another library. Opened here first, from the package that the extra
`whisper-cuda` installs or from the system, it is found by its name afterwards.
"""

import ctypes
from importlib.util import find_spec
from pathlib import Path

LIBRARIES = ("libcublasLt.so.12", "libcublas.so.12")
"""As the wheel of CTranslate2 names the second, which needs the first; a test reads it there."""
REMEDY = "pip install -e '.[whisper-cuda]'"


def open_cublas() -> str:
    """Open them for the whole process. Why they cannot be, in words; empty: they are open."""
    folder = _package()
    for name in LIBRARIES:
        path = folder / name if folder is not None else None
        try:
            ctypes.CDLL(str(path) if path is not None and path.is_file() else name, mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            return f"Whisper on a GPU needs {name}, which cannot be opened ({error}): {REMEDY}"
    return ""


def _package() -> Path | None:
    """The folder of the package's libraries."""
    try:
        found = find_spec("nvidia.cublas.lib")
    except ModuleNotFoundError:
        return None
    places = list(found.submodule_search_locations or ()) if found is not None else []
    return Path(places[0]) if places else None
