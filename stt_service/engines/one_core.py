"""How models are started that onnxruntime runs: on one core, which is left alone between questions."""

from typing import Any

import onnxruntime


def start(model: str | bytes) -> Any:
    """A session of this file, or of these bytes. What it raises, onnxruntime says in its own words."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # What a long recording took is given back, and no core turns while there is nothing to do.
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
