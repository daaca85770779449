"""The frames that nearly all are, read and written without the library's machine for all there may be."""

from websockets.frames import Opcode

try:
    from websockets.speedups import apply_mask
except ImportError:  # there is no wheel for this platform
    from websockets.utils import apply_mask

FIN, MASKED = 0x80, 0x80
SHORT, TWO_BYTES, EIGHT_BYTES = 125, 126, 127
"""The largest length that a header's second byte holds itself; what it says of where a larger one is."""
_OF_MESSAGES = {FIN | Opcode.TEXT: Opcode.TEXT, FIN | Opcode.BINARY: Opcode.BINARY}


def sole_message(data: bytes, longest: int) -> tuple[Opcode, bytes] | None:
    """A client's message, when the data is one in one frame, no longer than `longest`. None: all else."""
    if len(data) < 6 or (opcode := _OF_MESSAGES.get(data[0])) is None:
        return None
    size, at = data[1] - MASKED, 2
    if size == TWO_BYTES:
        size, at = int.from_bytes(data[2:4]), 4
    if size > longest or len(data) != at + 4 + size:
        return None
    return opcode, apply_mask(data[at + 4 :], data[at : at + 4])


def message_frame(message: str | bytes) -> bytes:
    """A message to a client, in one frame."""
    if isinstance(message, str):
        opcode, data = Opcode.TEXT, message.encode()
    else:
        opcode, data = Opcode.BINARY, message
    size = len(data)
    if size <= SHORT:
        return bytes((FIN | opcode, size)) + data
    if size < 1 << 16:
        return bytes((FIN | opcode, TWO_BYTES)) + size.to_bytes(2) + data
    return bytes((FIN | opcode, EIGHT_BYTES)) + size.to_bytes(8) + data
