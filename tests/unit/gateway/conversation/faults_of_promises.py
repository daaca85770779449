"""Hand-made faults that break a promise of `witness.py`, each by its own name; as in `faults.py`."""

DEADLINE = "no phase outlives its deadline"
DEAD = "no sound of a dead turn"
ONCE = "each turn is committed exactly once"
HELD = "what is held is neither lost nor doubled"
COMMIT = (
    "        self._tell(do.CommitTurn(reply.turn, reply.user_text, reply.text, heard, reply.interrupted))\n"
)
LEFT = '            self._emit(do.CommitTurn(self.turn, said, "", "", interrupted=True))\n'
HOLD = "            self._tell(do.HoldPlayback(reply.id))\n"
CANCEL = "        self._tell(do.CancelReply(reply.id))\n"
RESUME = "        self._tell(do.ResumePlayback(reply.id))\n"

FAULTS_OF_PROMISES: dict[str, tuple[str, str, str, str]] = {
    "who says nothing is listened to for ever": (
        DEADLINE,
        "conversation",
        "        self.state.deadline = at + self.limits.idle_s\n",
        "        self.state.deadline = at + 1e9\n",
    ),
    "who speaks up may speak for ever": (
        DEADLINE,
        "conversation",
        "        state.deadline = at + self.limits.utterance_s\n",
        "        state.deadline = at + 1e9\n",
    ),
    "who speaks over a reply may speak for ever": (
        DEADLINE,
        "conversation",
        "            self.limits.utterance_s if was",
        "            1e9 if was",
    ),
    "sound that is owed is waited for ever": (
        DEADLINE,
        "reply",
        "self.owed_since or 0.0) + limits.stall_s",
        "self.owed_since or 0.0) + 1e9",
    ),
    "a reply that ran to its end lives on": (
        DEAD,
        "answering",
        f"{CANCEL}        self._settling.begin(at, reply, do.Ending.COMPLETED)",
        "        self._settling.begin(at, reply, do.Ending.COMPLETED)",
    ),
    "who hangs up is still spoken to": (
        DEAD,
        "conversation",
        "        self._settling.stop(at, Ending.HUNG_UP)\n",
        "",
    ),
    "what is cut off is not silenced": (
        DEAD,
        "settling",
        f"        self.silence(reply)\n{CANCEL}",
        CANCEL,
    ),
    "a voice that was silenced is spoken with": (
        DEAD,
        "settling",
        f"{CANCEL}        self.begin(at, reply, ending)",
        f'{CANCEL}        self._tell(do.SpeakText(reply.id, "so"))\n        self.begin(at, reply, ending)',
    ),
    "what is settled is settled again": (ONCE, "settling", "        state.settling = None\n", ""),
    "a turn is committed twice": (ONCE, "settling", COMMIT, COMMIT + COMMIT),
    "a turn is committed as the next one": (
        ONCE,
        "settling",
        "(do.CommitTurn(reply.turn,",
        "(do.CommitTurn(reply.turn + 1,",
    ),
    "what was half said at the end is committed twice": (ONCE, "conversation", LEFT, LEFT + LEFT),
    "a reply is held twice": (HELD, "holding", HOLD, HOLD + HOLD),
    "a reply goes on twice": (HELD, "holding", RESUME, RESUME + RESUME),
    "a hold lasts twice as long": (HELD, "holding", "+ self._limits.hold_s", "+ 2 * self._limits.hold_s"),
    "a reply that goes on is still held": (
        HELD,
        "holding",
        "        held, reply = self._held, self._reply\n        self._state.held = None\n",
        "        held, reply = self._held, self._reply\n",
    ),
}
"""By name: the promise that it breaks, the file, and what stands there instead of what."""
