"""What a dialect is: how a client's messages become events, and notices its messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.audio.formats import AudioFormat
from gateway.conversation.agent import TUTOR, Agent
from gateway.conversation.effects import CloseReason
from gateway.conversation.events import Event
from gateway.conversation.notices import Notice


@dataclass(frozen=True, slots=True)
class Handshake:
    path: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WireLimits:
    """How much a client may send. Who is faster is not read from for a while; a larger message closes."""

    message_bytes: int = 64 * 1024
    text_chars: int = 64 * 1024
    """Of a text message, before it is read as JSON."""
    json_depth: int = 20
    messages_per_s: float = 1000.0
    message_burst: float = 2000.0
    controls_per_s: float = 100.0
    """Of text messages, each of which may change the conversation; a piece of sound costs little."""
    control_burst: float = 250.0
    audio_factor: float = 2.0
    """Seconds of sound a second, however they are packed."""
    audio_burst_s: float = 5.0
    recordings_per_s: float = 2.0
    recording_burst: float = 10.0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this wire can do. `lead_s` of reply audio may wait in the client's buffer.

    `reports_playback`: its client may say how much it has played. `text_first`: it wants no sound of a reply
    before all of its text. `whole_clips`: it wants the sound of a reply in one message, once it has all come.
    `holds`: its client falls silent when it is told to, and goes on from there.
    """

    frame_samples: int
    lead_s: float
    exact_frames: bool = False
    """Every frame but a reply's last must have exactly `frame_samples`."""
    stall_s: float = 0.7
    """Sending nothing for so long while speaking counts as silence."""
    reports_playback: bool = False
    text_first: bool = False
    whole_clips: bool = False
    holds: bool = False
    limits: WireLimits = WireLimits()


MANUAL = "manual"
END_OF_TURN = ("silence", "smart_turn", "semantic", MANUAL)
"""What may end a turn; MANUAL: the client alone."""
INPUT, OUTPUT = AudioFormat(16_000), AudioFormat(24_000)
"""Where a client says nothing."""


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What a client asked for. `input` is what it sends besides recordings, `output` what it is sent.

    `agents`: whom it talks to; the first one answers. `continues`: the session whose talk goes on in this
    one; "": none. `language`: "" where it is the operator's to say. `record`: what is said may be kept in
    an event log, where the operator keeps any. `end_of_turn`: what ends a turn, of END_OF_TURN; "": what its
    agent says.
    """

    agents: tuple[Agent, ...] = (TUTOR,)

    input: AudioFormat = INPUT
    output: AudioFormat = OUTPUT
    language: str = ""
    continues: str = ""
    record: bool = False
    end_of_turn: str = ""

    @property
    def ends_speech_by(self) -> str:
        """What the recogniser is to end an utterance by; where the client ends turns that is no matter."""
        return "" if self.ends_turns_by == MANUAL else self.ends_turns_by

    @property
    def ends_turns_by(self) -> str:
        """What ends a turn: the client's choice, or its agent's; "": the recogniser's own."""
        return self.end_of_turn or self.agent.end_of_turn

    @property
    def agent(self) -> Agent:
        """The one who answers."""
        return self.agents[0]


# ---------------------------------------------------------------------- besides events


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """PCM at the agreed rate, or a piece of a recording."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PlaybackReported:
    turn: int
    played_ms: float


@dataclass(frozen=True, slots=True)
class Pinged:
    pass


Inbound = Event | AudioReceived | PlaybackReported | Pinged


# ---------------------------------------------------------------------- besides notices


@dataclass(frozen=True, slots=True)
class Connected:
    """`engines` by service; a service that does not answer is missing.

    `shortcomings`: what the agents will lack with the models that are loaded, for people to read. `recorded`:
    there is an event log of it.
    """

    session_id: str
    options: SessionOptions
    profile: str = ""
    engines: Mapping[str, str] = field(default_factory=dict)
    shortcomings: tuple[str, ...] = ()
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Pong:
    pass


@dataclass(frozen=True, slots=True)
class AudioStarted:
    turn: int
    reply: int
    sample_rate: int


@dataclass(frozen=True, slots=True)
class AudioPlayed:
    """One frame of reply audio, to be played."""

    turn: int
    reply: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class AudioFinished:
    turn: int
    reply: int
    duration_ms: int


Outbound = Notice | Connected | Pong | AudioStarted | AudioPlayed | AudioFinished
Message = str | bytes


class Dialect(Protocol):
    """One instance per session. Nothing but `decode` and `open` raises, and those only ClientFault."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def open(self, handshake: Handshake) -> SessionOptions: ...

    def decode(self, message: Message, at: float) -> list[Inbound]:
        """`at` is the session's time of arrival, for the events' stamp."""
        ...

    def encode(self, output: Outbound) -> list[Message]:
        """[] where this wire cannot say it."""
        ...

    def close(self, reason: CloseReason) -> tuple[int, str]:
        """The WebSocket close code and its words."""
        ...


CLOSE_CODES: dict[CloseReason, tuple[int, str]] = {
    CloseReason.DONE: (1000, "goodbye"),
    CloseReason.IDLE: (1000, "nothing was said for a while"),
    CloseReason.CLIENT_FAULT: (1008, "too many messages that could not be understood"),
    CloseReason.NOT_ALLOWED: (1008, "not allowed"),
    CloseReason.TOO_SLOW: (1008, "messages were not read in time"),
    CloseReason.LEAVING: (1012, "this server is leaving; connect again"),
    CloseReason.INTERNAL: (1011, "internal error"),
}
