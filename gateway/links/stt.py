"""The link to speech to text: what goes up a lane."""

from collections.abc import Sequence

from chassis.lanes import Lane, Wire
from gateway.audio.microphone import SAMPLE_RATE
from gateway.links.link import Link
from protos.parley.v1 import stt_pb2 as pb
from protos.parley.v1 import stt_pb2_grpc

WINDOW_ITEMS = 256
WIRE: Wire[pb.ListenItem] = Wire(batch=pb.ListenRequest, item=pb.ListenItem)

SttLink = Link[pb.ListenItem, pb.ListenEvent]
SttLane = Lane[pb.ListenItem, pb.ListenEvent]


def make_stt_link(addresses: Sequence[str]) -> SttLink:
    return Link("stt", addresses, lambda channel: stt_pb2_grpc.SttStub(channel).Listen, WIRE, WINDOW_ITEMS)


def config(language: str) -> pb.ListenItem:
    return pb.ListenItem(config=pb.ListenConfig(language=language, sample_rate=SAMPLE_RATE))


def audio(pcm: bytes) -> pb.ListenItem:
    return pb.ListenItem(audio=pcm)


def flush() -> pb.ListenItem:
    return pb.ListenItem(flush=pb.Flush())
