"""Requests as BeautyAI's page sends them, read for an engine that can do everything or hardly anything."""

import json
from typing import Any

from gateway.apis.beautyai.inference_request import Asked, InferenceRequest, read_request
from llm_service.engine import Abilities
from llm_service.engine import Sampling as EngineSampling
from protos.parley.v1.control_pb2 import ModelStatus

EVERYTHING = Abilities(sampling=frozenset(EngineSampling.__dataclass_fields__))
ABLE = ModelStatus(engine="able", languages=["any"], abilities=EVERYTHING.names)
TUTOR = ModelStatus(engine="tutor", languages=["en"], abilities=["max_tokens"])


def read(status: ModelStatus | None = ABLE, **fields: Any) -> Asked:
    body = {"model_name": "m", "message": "hello", **fields}
    return read_request(InferenceRequest.model_validate_json(json.dumps(body)), status)
