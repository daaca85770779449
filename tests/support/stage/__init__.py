"""A conversation as its user hears it, on audio time: the real gate, ear and core, in one process, no sleep."""
