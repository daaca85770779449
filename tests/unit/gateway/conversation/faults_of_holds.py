"""Hand-made faults in what becomes of a voice over a reply; as in `faults.py`."""

FAULTS_OF_HOLDS: dict[str, tuple[str, str, str]] = {
    "a voice over a reply does not silence it": (
        "holding",
        "            self._tell(do.HoldPlayback(reply.id))\n",
        "",
    ),
    "a reply that was held stays silent": (
        "holding",
        "        self._tell(do.ResumePlayback(reply.id))\n",
        "",
    ),
    "the client is not told that the sound goes on": (
        "holding",
        "        self._tell(n.PlaybackResumed(reply.turn, reply.id))  # before the sound\n",
        "",
    ),
    "a hold has no end": ("holding", "at + self._limits.hold_s", "at + 60.0"),
    "each voice holds anew": (
        "holding",
        "elif self.may_hold:",
        "if self.may_hold:",
    ),
    "an interruption is taken for a cough": (
        "interruption",
        "overlap.over or _is_meant(words, overlap)",
        "overlap.over",
    ),
    "a hum ends the reply": ("interruption", "if is_listening(", "if False and is_listening("),
    "a cough ends the reply": (
        "interruption",
        "if not words or (echoes",
        "if not words:\n        return Verdict.REAL if overlap.ended else nothing\n    if (echoes",
    ),
    "the last word of a guess counts": ("interruption", "words = words[:-1]", "pass"),
    "few words of a guess end the reply": ("interruption", "len(words) >= overlap.least_words", "True"),
    "a voice that lasts does not win": (
        "holding",
        "if self._held.hearing.open:\n            self.give",
        "if False:\n            self.give",
    ),
    "a noise that is noticed takes the floor": (
        "holding",
        "if self._held.hearing.open:\n            self.give",
        "if True:\n            self.give",
    ),
    "the words of an interruption are lost": (
        "conversation",
        "        state.hearing = held.hearing\n",
        "        state.hearing = Hearing()\n",
    ),
    "an interruption has no turn of its own": (
        "conversation",
        "        self._begin_turn()\n        state.hearing = held.hearing\n",
        "        state.hearing = held.hearing\n",
    ),
    "a reply is over while somebody speaks over it": (
        "answering",
        "        if self._state.held is not None:\n            return  # whose",
        "        if False:\n            return  # whose",
    ),
    "a reply that was heard to its end goes on for ever": (
        "answering",
        "        if reply.speech_done and not reply.remaining_s:\n            self._complete(at, reply)\n",
        "        if False:\n            pass\n",
    ),
    "who hangs up over a reply was not heard": (
        "holding",
        '        said = held.hearing.text if self._judge(ended=True) is Verdict.REAL else ""\n',
        '        said = ""\n',
    ),
    "what is said when the ear is lost holds the reply": (
        "conversation",
        "        self._holding.lose(at)\n",
        "",
    ),
    "what was said over a reply is no part of what is typed": (
        "conversation",
        "            said = self._holding.take_said()\n            self",
        "            self._holding.take_said()\n            self",
    ),
    "who stops a reply with a button loses what they say": (
        "conversation",
        "        if held is not None and held.hearing.open:\n",
        "        if False:\n",
    ),
    "it goes on under a voice": (
        "holding",
        "case Verdict.FALSE if not self._held.voiced:",
        "case Verdict.FALSE:",
    ),
    "a hum is answered after a button": (
        "holding",
        "        return verdict is Verdict.FALSE\n",
        "        return False\n",
    ),
}
