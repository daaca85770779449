"""A recogniser in another's place."""

from engine_room.fallback import Fallback
from stt_service.engine import ListenOptions, SttEngine, SttStream


class FallbackEngine(Fallback[SttEngine]):
    def open(self, options: ListenOptions) -> SttStream:
        return self.active.open(options)
