"""Plays the moves of random scripts to a whole session: its client, its services, its surroundings."""

from typing import Any

from hypothesis import strategies as st

from chassis.faults import Fault, InvalidArgument, NoSlot, TooSlow, Unavailable
from protos.parley.v1 import llm_pb2, tts_pb2
from tests.unit.gateway.conversation.scripts import DRAFTS, MOVES, PARTS, WORDS, Move
from tests.unit.gateway.links.rigged import RiggedLink
from tests.unit.gateway.session.staged import Stage
from tests.unit.gateway.session.standins import REPORT
from tests.unit.gateway.session.wire_rules import check_wire

FAILURES: tuple[Fault, ...] = (
    Unavailable("gone"),
    TooSlow("late"),
    InvalidArgument("no"),
    NoSlot("all places are taken"),
)
EXTRA = (
    "sound",
    "flood",
    "garbage",
    "ping",
    "half a sample",
    "llm dies",
    "tts dies",
    "stt dies",
    "comes back",
    "stt leaves",
    "takes nothing",
    "takes again",
    "hangs up",
    "drains",
)
"""What happens around a conversation and is no event of it."""
EXTRAS = st.builds(
    Move,
    kind=st.sampled_from(EXTRA),
    wait_s=st.sampled_from((0.0, 0.0, 0.02, 0.5, 3.0)),
    stale=st.just(False),
    number=st.integers(0, 5),
)
SCRIPTS = st.lists(
    st.one_of(MOVES.map(lambda m: [m]), EXTRAS.map(lambda m: [m]), PARTS, PARTS, DRAFTS),
    min_size=1,
    max_size=12,
).map(lambda parts: [move for part in parts for move in part])
TALK = b"\x10\x00" * 320


async def play(stage: Stage, script: list[Move]) -> None:
    """Until the script or the session is over. What has left is looked at after each move."""
    for move in script:
        await stage.later(move.wait_s)
        if stage.running.done():
            return
        say(stage, move)
        await stage.settle()
        check_wire(stage)


def say(stage: Stage, move: Move) -> None:
    if not (client_does(stage, move) or service_does(stage, move)):
        around(stage, move)


def client_does(stage: Stage, move: Move) -> bool:
    socket, turn = stage.socket, newest_turn(stage) - int(move.stale)
    match move.kind:
        case "committed":
            socket.tell("process_audio")
        case "typed":
            socket.tell("text", text=WORDS[move.number])
        case "stop":
            socket.tell("cancel")
        case "level":
            socket.tell("set_level", level=("beginner", "advanced", "guru")[move.number % 3])
        case "end":
            socket.tell("end_conversation")
        case "played":
            socket.tell("playback", turn=max(turn, 0), played_ms=80 * move.number)
        case "played_out":
            socket.tell("playback", turn=max(turn, 0), played_ms=60_000)
        case "sound" | "stalled":
            socket.give(*[TALK] * (move.number + 1))
        case "half a sample":
            socket.give(b"\x00", b"")
        case "flood":
            socket.give(*[TALK * 50] * 40)
        case "garbage":
            socket.give(*["{", "[]", '{"type": "?"}', '{"type": 3}'] * (6 if move.number == 5 else 1))
        case "ping":
            socket.tell("ping")
        case "hangs up":
            socket.leave()
        case "takes nothing":
            socket.flows.clear()
        case "takes again":
            socket.flows.set()
        case _:
            return False
    return True


def service_does(stage: Stage, move: Move) -> bool:
    word = WORDS[move.number]
    match move.kind:
        case "started":
            stage.begin_speech()
        case "noticed":
            stage.notice_voice()
        case "dismissed":
            stage.dismiss_voice()
        case "hum" | "word":
            stage.understand("mm-" if move.kind == "hum" else "tea", final=False)
        case "hummed":
            stage.understand("Mm-hmm.")
        case "stopped":
            stage.end_speech()
        case "partial":
            stage.understand("I li", final=False)
        case "whole" | "paused":
            stage.pause("I like tea")
        case "open_whole":
            stage.pause("I like tea and")
        case "final":
            stage.understand("I like tea")
        case "open_final":
            stage.understand("I like tea and")
        case "empty_final":
            stage.understand("")
        case "lost":
            fail(stage.stt, InvalidArgument("no") if move.number == 2 else Unavailable("gone"))
        case "text":
            tell(stage.llm, llm_pb2.ChatEvent(delta=word * (40 if move.number == 2 else 1)))
        case "text_done":
            tell(stage.llm, llm_pb2.ChatEvent(finished=llm_pb2.ChatFinished(reason="stop")))
        case "text_failed":
            fail(stage.llm, FAILURES[move.number % len(FAILURES)])
        case "audio":
            spoken = tts_pb2.SpokenWord(text=word.strip() or "x", start_sample=1920 * move.number)
            audio = tts_pb2.SpeechAudio(pcm=bytes(2 * 1920 * move.number), words=[spoken])
            tell(stage.tts, tts_pb2.SpeechEvent(audio=audio))
        case "audio_done":
            tell(stage.tts, tts_pb2.SpeechEvent(finished=tts_pb2.SpeechFinished(samples=1)))
        case "audio_failed":
            fail(stage.tts, FAILURES[move.number % len(FAILURES)])
        case _:
            return False
    return True


def around(stage: Stage, move: Move) -> None:
    match move.kind:
        case "analysis":
            stage.analysis.tell(REPORT)
        case "analysis_failed":
            stage.analysis.tell(Unavailable("boom"))
        case "llm dies":
            die(stage.llm, move.number)
        case "tts dies":
            die(stage.tts, move.number)
        case "stt dies":
            die(stage.stt, move.number)
        case "stt leaves":
            stage.stt.rigged[0].watch.leaving = True
            stage.stt.rigged[0].ready = False
        case "comes back":
            for link in stage.links:
                for replica in link.rigged:
                    replica.ready, replica.watch.leaving = True, False
        case "drains":
            stage.session.leave()
        case "wait":
            pass
        case other:
            raise AssertionError(f"nobody knows the move {other}")


def newest_turn(stage: Stage) -> int:
    return stage.session.reading().turn


def tell(link: RiggedLink, item: Any) -> None:
    for peer in link.peers:
        peer.say(item)


def fail(link: RiggedLink, fault: Fault) -> None:
    for peer in link.peers:
        peer.fail(fault)


def die(link: RiggedLink, number: int) -> None:
    at = number % len(link.rigged)
    link.rigged[at].ready = False
    link.peers[at].die()
