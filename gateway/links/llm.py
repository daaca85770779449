"""The link to the language model: what goes up a lane."""

from collections.abc import Sequence

from chassis.lane_items import Wire
from chassis.lanes import Lane
from gateway.conversation.items import ChatMessage
from gateway.links.link import Link
from protos.parley.v1 import llm_pb2 as pb
from protos.parley.v1 import llm_pb2_grpc

WINDOW_ITEMS = 512
WIRE: Wire[pb.ChatItem] = Wire(batch=pb.ChatRequest, item=pb.ChatItem)

LlmLink = Link[pb.ChatItem, pb.ChatEvent]
LlmLane = Lane[pb.ChatItem, pb.ChatEvent]

_ROLES = {"system": pb.ROLE_SYSTEM, "user": pb.ROLE_USER, "assistant": pb.ROLE_ASSISTANT}


def make_llm_link(addresses: Sequence[str]) -> LlmLink:
    return Link("llm", addresses, lambda channel: llm_pb2_grpc.LlmStub(channel).Chat, WIRE, WINDOW_ITEMS)


def prompt(turn: int, messages: Sequence[ChatMessage], level: str, language: str) -> pb.ChatItem:
    """What a conversation asks."""
    sent = [pb.ChatMessage(role=_ROLES[message.role], content=message.content) for message in messages]
    return pb.ChatItem(prompt=pb.Prompt(turn=turn, messages=sent, level=level, language=language))
