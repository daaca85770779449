"""What the slots of Kyutai's ear and voice carry, with models that only cost time: `make bench-slots`."""
