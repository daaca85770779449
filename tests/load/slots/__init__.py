"""What the slots of Kyutai's ear and voice carry, with models that only cost time: `make bench-slots`."""

import stt_service  # noqa: F401  # tells numpy of its threads, before anybody imports numpy
