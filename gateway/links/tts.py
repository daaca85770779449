"""The link to text to speech: what goes up a lane."""

from collections.abc import Sequence

from chassis.lane_items import Wire
from chassis.lanes import Lane
from chassis.languages import is_known
from gateway.links.link import Link
from gateway.links.place import Place
from protos.parley.v1 import control_pb2, tts_pb2_grpc
from protos.parley.v1 import tts_pb2 as pb

WINDOW_ITEMS = 4
"""At most 80 ms each: a third of a second may be under way between the service and the pacer."""
WIRE: Wire[pb.SpeakItem] = Wire(batch=pb.SpeakRequest, item=pb.SpeakItem, queue_items=8_192)
"""Text is written faster than it is spoken: a whole reply may wait, a character an item."""

TtsLink = Link[pb.SpeakItem, pb.SpeechEvent]
TtsLane = Lane[pb.SpeakItem, pb.SpeechEvent]
TtsPlace = Place[pb.SpeakItem, pb.SpeechEvent]


def make_tts_link(addresses: Sequence[str]) -> TtsLink:
    return Link("tts", addresses, lambda channel: tts_pb2_grpc.TtsStub(channel).Speak, WIRE, WINDOW_ITEMS)


def speaks(status: control_pb2.ModelStatus | None, language: str) -> bool:
    """Whether the loaded voice has this language."""
    return status is not None and is_known(language, status.languages)


def config(turn: int, voice: str, language: str) -> pb.SpeakItem:
    return pb.SpeakItem(config=pb.SpeakConfig(turn=turn, voice=voice, language=language))


def text(words: str) -> pb.SpeakItem:
    return pb.SpeakItem(text=words)


def end() -> pb.SpeakItem:
    return pb.SpeakItem(end=pb.EndOfText())
