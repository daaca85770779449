"""The process that holds a llama.cpp model: `python -m llm_service.engines.llama_cpp_server`.

It reads its options from the first line of stdin, a JSON object; writes one JSON line to stdout, its address
or what went wrong; and ends when stdin does, so that it never outlives the service. Its server is bound to
loopback and asks for the key that the options give.
"""

import json
import os
import sys
from typing import Any

from chassis.secrets import words_of

QUIET = 1  # errors alone; prompts are never logged


def main() -> int:
    options: dict[str, Any] = json.loads(sys.stdin.readline())
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the library prints; only the answer may go to stdout
    try:
        server = start(options)
    except Exception as error:
        print(json.dumps({"problem": words_of(error)}), file=answer, flush=True)
        return 1
    print(json.dumps({"address": server.listening_address}), file=answer, flush=True)
    sys.stdin.read()
    return 0


def start(options: dict[str, Any]) -> Any:
    """The running server. Blocks until the model is loaded."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options["path"]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [options["key"]]
    params.n_parallel = options["slots"]
    params.n_ctx = options["window"] * options["slots"]
    params.n_gpu_layers = options["gpu_layers"]
    if options["threads"]:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options["threads"]
    params.use_jinja = True
    params.endpoint_slots = True
    params.endpoint_props = True
    params.verbosity = QUIET
    return xllamacpp.Server(params)


if __name__ == "__main__":
    sys.exit(main())
