"""Moonshine's decoder, made to show what it looked at: its cross-attention becomes an output of the graph.

The file in the wheel is in onnxruntime's own format and shows words alone. onnxruntime can write it as ONNX,
which is a protobuf: the few fields of it that are read and written here are described below, all others pass
through unknown (onnx.proto of github.com/onnx/onnx, IR version 3 and later).
"""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import onnxruntime
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

LAYERS = (3, 4, 5)
"""Of six, counted from 0: those whose attention follows the sound most closely."""
_FLOAT_TENSOR = bytes.fromhex("0a020801")
"""A TypeProto: a tensor of floats of any shape."""
_TEXT = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
_BYTES = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
_SCHEMA: dict[str, tuple[tuple[str, int, int | str, bool], ...]] = {
    "Value": (("name", 1, _TEXT, False), ("type", 2, _BYTES, False)),
    "Attribute": (("name", 1, _TEXT, False), ("graph", 6, "Graph", False)),
    "Node": (("output", 2, _TEXT, True), ("operator", 4, _TEXT, False), ("attribute", 5, "Attribute", True)),
    "Graph": (("node", 1, "Node", True), ("name", 2, _TEXT, False), ("output", 12, "Value", True)),
    "Model": (("graph", 7, "Graph", False),),
}
"""By message: each field's name, number, type and whether it repeats."""


def attention_name(layer: int) -> str:
    """What the output is called with a layer's attention: batch, heads, tokens, frames of the encoder."""
    return f"attention.{layer}"


def show_attention(path: Path) -> bytes:
    """The decoder at this path as ONNX, with the attention of LAYERS as outputs. Blocks for half a second.

    Raises ValueError where the graph is not the one that is known.
    """
    model = _model_class()()
    model.ParseFromString(_as_onnx(path))
    graph = model.graph
    graph.name = "decoder"  # the other format has no names, and ONNX insists on them
    choices = [node for node in graph.node if node.operator == "If"]
    if len(choices) != 1:
        raise ValueError(f"the decoder has {len(choices)} branches on its cache, not 1")
    choice = choices[0]
    for attribute in choice.attribute:
        attribute.graph.name = attribute.name
        made = {name for node in attribute.graph.node for name in node.output}
        for layer in LAYERS:
            inside = f"/model/decoder/layers.{layer}/encoder_attn/Softmax_output_0"
            if inside not in made:
                raise ValueError(f"the decoder's {attribute.name} has no {inside}")
            attribute.graph.output.add(name=inside, type=_FLOAT_TENSOR)
    for layer in LAYERS:
        choice.output.append(attention_name(layer))
        graph.output.add(name=attention_name(layer), type=_FLOAT_TENSOR)
    return bytes(model.SerializeToString())


def _as_onnx(path: Path) -> bytes:
    with tempfile.TemporaryDirectory(prefix="moonshine-") as folder:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # it warns of every file that it writes
        options.optimized_model_filepath = str(Path(folder) / "decoder.onnx")
        options.add_session_config_entry("session.save_model_format", "ONNX")
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        return (Path(folder) / "decoder.onnx").read_bytes()


@cache
def _model_class() -> Any:
    """The message class of a whole model, in a pool of its own."""
    file = descriptor_pb2.FileDescriptorProto(name="moonshine.onnx", package="moonshine", syntax="proto2")
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeats in fields:
            made = message.field.add(name=field, number=number)
            made.label = made.LABEL_REPEATED if repeats else made.LABEL_OPTIONAL
            if isinstance(kind, str):
                made.type, made.type_name = made.TYPE_MESSAGE, f".moonshine.{kind}"
            else:
                made.type = kind  # type: ignore[assignment]
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("moonshine.Model"))
