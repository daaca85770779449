"""The language models that can be loaded by name, in a file of BeautyAI's shape."""
