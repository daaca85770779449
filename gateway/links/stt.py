"""The link to speech to text: what goes up a lane, and a place reserved before anybody speaks."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.deadlines import within
from chassis.faults import BackendFault, ClientFault, Overflow, TooSlow, Unavailable
from chassis.lane_items import Wire
from chassis.lanes import Lane, LaneEnded
from gateway.links.choice import Wish
from gateway.links.link import Link
from protos.parley.v1 import stt_pb2 as pb
from protos.parley.v1 import stt_pb2_grpc
from protos.sound import HEARD_RATE

WINDOW_ITEMS = 256
RESERVE_S = 1.0
"""A replica that has a place says so at once; one that does not say it is passed over."""
WIRE: Wire[pb.ListenItem] = Wire(batch=pb.ListenRequest, item=pb.ListenItem)

SttLink = Link[pb.ListenItem, pb.ListenEvent]
SttLane = Lane[pb.ListenItem, pb.ListenEvent]


@dataclass(frozen=True, slots=True)
class Listening:
    """What a session asks of its recogniser. `end_of_turn`: what ends a turn; "": the service's choice."""

    language: str
    end_of_turn: str = ""


def make_stt_link(addresses: Sequence[str]) -> SttLink:
    return Link("stt", addresses, lambda channel: stt_pb2_grpc.SttStub(channel).Listen, WIRE, WINDOW_ITEMS)


async def reserve(link: SttLink, session: str, asked: Listening) -> SttLane | None:
    """A lane whose place its replica has confirmed: each ready one is asked, the emptiest first.

    None: the service does not do what the client asks for, such as its language, and a place would be no use.
    Raises what the last replica had to say: NoSlot, Unavailable or TooSlow.
    """
    passed: frozenset[str] = frozenset()
    refusal: BackendFault | None = None
    while True:
        try:
            lane = link.open(config(asked), session, wish=Wish(avoid=passed))
        except Unavailable as nobody:
            raise refusal or nobody from None
        try:
            return await _confirmed(lane)
        except TooSlow as late:
            link.mark_late(lane.peer)
            refusal = late
        except Overflow:
            refusal = Unavailable(f"{lane.peer} takes nothing")
        except ClientFault:
            return None
        except LaneEnded:
            refusal = Unavailable(f"{lane.peer} ended the lane")
        except BackendFault as fault:
            refusal = fault
        passed |= {lane.peer}


async def _confirmed(lane: SttLane) -> SttLane:
    try:
        async with within(RESERVE_S, "a place of the speech recogniser"):
            while not (await lane.receive()).HasField("ready"):
                pass
    except BaseException:
        lane.cancel()
        raise
    return lane


def config(asked: Listening) -> pb.ListenItem:
    wanted = pb.ListenConfig(language=asked.language, sample_rate=HEARD_RATE, end_of_turn=asked.end_of_turn)
    return pb.ListenItem(config=wanted)


def audio(pcm: bytes) -> pb.ListenItem:
    return pb.ListenItem(audio=pcm)


def flush() -> pb.ListenItem:
    return pb.ListenItem(flush=pb.Flush())
