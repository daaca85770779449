"""One name for each engine, however people write it."""


def plain_name(written: str) -> str:
    """`llama.cpp`, `llama-cpp`, `LlamaCpp` and `llama_cpp` are one: the last."""
    name = written.strip().lower().replace("-", "_").replace(".", "_")
    return "llama_cpp" if name == "llamacpp" else name
