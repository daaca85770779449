"""Downloads what Pocket TTS speaks with, voices included: `python -m tts_service.engines.pocket_fetch`.

For machines on which the service itself has no way out: it then finds all of it in MODELS_CACHE_DIR. Exit
status 1, with the reason, when something could not be had.
"""

import sys

from chassis.faults import Fault
from chassis.settings import read_settings
from chassis.streams import print_in_any_locale
from tts_service.engines.pocket import ENGLISH
from tts_service.engines.pocket_model import PocketModel
from tts_service.settings import TtsSettings


def main() -> int:
    print_in_any_locale()
    settings = read_settings(TtsSettings)
    try:
        model = PocketModel(settings.tts_model_name or ENGLISH, settings.models_cache_dir)
        for number, voice in enumerate(model.voices, 1):
            model.find_voice(voice)
            print(f"voice {number} of {len(model.voices)}: {voice}", flush=True)
    except Fault as fault:
        print(f"cannot fetch the voice model: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
