"""Sound in and out: rates, containers, the microphone's clock, the pacer. No domain words but turn."""
