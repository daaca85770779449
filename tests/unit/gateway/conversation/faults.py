"""Hand-made faults in the core: the file, what is in it, and what is there instead."""

FAULTS: dict[str, tuple[str, str, str]] = {
    "stale events are let in": (
        "answering",
        "if state.reply is not None and event.reply == state.reply.id:",
        "if state.reply is not None:",
    ),
    "barge-in does not stop the sound": (
        "settling",
        "        self.silence(reply)\n        self._tell(do.CancelReply",
        "        self._tell(do.CancelReply",
    ),
    "silence does not come first": (
        "settling",
        "        self.silence(reply)\n        self._tell(do.CancelReply(reply.id))\n",
        "        self._tell(do.CancelReply(reply.id))\n        self.silence(reply)\n",
    ),
    "barge-in does not cancel": (
        "settling",
        "        self._tell(do.CancelReply(reply.id))\n        self.begin(at, reply, ending)",
        "        self.begin(at, reply, ending)",
    ),
    "a barge-in keeps the turn number": (
        "conversation",
        "            self._settling.stop(at, Ending.CUT_BY_SPEECH)\n            self._begin_turn()",
        "            self._settling.stop(at, Ending.CUT_BY_SPEECH)\n"
        "            if not floor.is_answering:\n                self._begin_turn()",
    ),
    "an interrupted turn is not committed": (
        "settling",
        "        state.reply, state.settling = None, reply",
        "        state.reply, state.settling = None, None if interrupted else reply",
    ),
    "an interrupted turn is committed as if all was heard": (
        "settling",
        "        heard = reply.heard_text()\n        if heard:",
        "        heard = reply.text.strip() if reply.interrupted else reply.heard_text()\n        if heard:",
    ),
    "history keeps what was written, not what was heard": (
        "settling",
        "state.items.truncate(reply.item, heard, reply.heard_ms)",
        "state.items.truncate(reply.item, reply.text + '!', reply.heard_ms)",
    ),
    "an empty reply passes in silence": (
        "answering",
        "        if not reply.text.strip():",
        "        if False:",
    ),
    "thinking has no deadline": (
        "answering",
        "        state.deadline = at + self._limits.first_text_s",
        "        state.deadline = at + 1e9",
    ),
    "a late text is waited for ever": (
        "answering",
        '            self._fail_text(now, reply, "", e.Failure.LATE)',
        "            self._state.deadline = now + 1",
    ),
    "a lost voice leaves the turn open": (
        "answering",
        "(do.CancelSpeech(reply.id))\n        if reply.text_done:\n            self._complete(at, reply)",
        "(do.CancelSpeech(reply.id))\n        if reply.text_done:\n"
        "            self._state.deadline = at + 1e9",
    ),
    "speech that never ends is waited for ever": (
        "answering",
        "            self._settling.silence(reply)\n            self._complete(now, reply)",
        "            self._state.deadline = now + 5",
    ),
    "a client that plays nothing is waited for ever": (
        "answering",
        "            self._settling.stop(now, do.Ending.CUT_BY_STALL)\n            self._over(now)",
        "            self._state.deadline = now + 5",
    ),
    "what arrived counts as heard": (
        "answering",
        "            self._settling.stop(now, do.Ending.CUT_BY_STALL)\n            self._over(now)",
        "            reply.played_samples = reply.audio_samples\n"
        "            self._settling.stop(now, do.Ending.CUT_BY_STALL)\n            self._over(now)",
    ),
    "replica after replica is asked": (
        "reply",
        "bool(self.text) or self.asked_again",
        "bool(self.text)",
    ),
    "a reply that has begun is asked again": (
        "reply",
        "bool(self.text) or self.asked_again",
        "self.asked_again",
    ),
    "a reply that has been heard is spoken again": (
        "reply",
        "bool(self.audio_samples) or self.spoken_again",
        "self.spoken_again",
    ),
    "a cough loses the answer": (
        "conversation",
        "        elif self.state.unanswered:\n",
        "        elif False:\n",
    ),
    "a turn is completed twice": (
        "answering",
        "        self._settling.begin(at, reply, do.Ending.COMPLETED)",
        "        self._settling.begin(at, reply, do.Ending.COMPLETED)\n"
        "        self._tell(n.TurnCompleted(reply.turn, reply.id, False, '', 0))",
    ),
    "the user's words are lost from the prompt": (
        "answering",
        "self.ask(at, text, self._state.items.add_said(text))",
        "self.ask(at, text)",
    ),
    "a missing final is waited for ever": (
        "conversation",
        '            self._emit(n.ErrorOccurred("stt_late", "I did not catch the end of that.", self.turn))\n'
        "            self._conclude_deaf(now)",
        "            self.state.deadline = now + 5",
    ),
    "typed text does not take the floor": (
        "conversation",
        "        elif state.floor.is_answering:\n            self._settling.stop(at, Ending.CUT_BY_TEXT)\n",
        "        elif state.floor.is_answering:\n",
    ),
    "a turn in which nothing was heard is never over": (
        "conversation",
        "            self._emit(do.RecordTurn(at, self.turn, 0, Ending.NOTHING_HEARD, self.state.timing))\n",
        "",
    ),
    "who hangs up leaves a turn that is never over": (
        "conversation",
        "        self._emit(do.RecordTurn(at, self.turn, 0, Ending.HUNG_UP, self.state.timing))\n",
        "",
    ),
    "a turn whose reply is over is not": (
        "settling",
        "        self._tell(do.RecordTurn(at, reply.turn, reply.id, ending, state.timing))\n",
        "",
    ),
    "the marks of a turn are those of the one before": (
        "conversation",
        "self.state.hearing, self.state.timing = Hearing(), TurnTiming()",
        "self.state.hearing = Hearing()",
    ),
    # The floor.
    "a reply is never seen to speak": (
        "answering",
        "self._state.floor.give_to_agent(reply.agent, AgentState.SPEAKING)",
        "pass",
    ),
    "the floor is not given back": ("conversation", "        self.state.floor.release()\n", ""),
    "nobody is told whose turn it is": (
        "conversation",
        "            self._emit(n.PhaseChanged(*now))",
        "            pass",
    ),
    "an agent goes on while the user speaks": (
        "floor",
        "            case AgentState.SPEAKING | AgentState.HELD:\n                return Phase.SPEAKING",
        "            case AgentState.HELD:\n                return Phase.SPEAKING\n"
        "            case AgentState.SPEAKING:\n                return Phase.THINKING",
    ),
    "the user is not answered after having finished": ("turn_end", "not hearing.open", "False"),
    "the user is answered before having finished": ("turn_end", "not hearing.open", "True"),
    # Patience.
    "nobody is waited for whose words call for more": (
        "turn_end",
        "calls_for_more(",
        "False and calls_for_more(",
    ),
    "everybody is waited for": ("turn_end", "calls_for_more(", "True or calls_for_more("),
    "who has said that it was all is waited for": ("turn_end", "not hearing.flushed and ", ""),
    "a noise renews the patience": ("turn_end", "bool(latest) and ", ""),
    "patience has no end": (
        "conversation",
        "            self.state.deadline = at + self.limits.patience_s\n",
        "            self.state.deadline = at + 60.0\n",
    ),
    "the end of patience is taken for a failure": (
        "conversation",
        "floor.user is not UserState.QUIET and has_finished(self.state.hearing):",
        "False:",
    ),
    "patience outlasts the word that it was all": (
        "conversation",
        "            if has_finished(self.state.hearing):  # patience",
        "            if False:  # patience",
    ),
    # Items.
    "each agent takes the others' words for its own": (
        "items",
        'ChatMessage("assistant" if item.speaker == agent else "user", item.text)',
        'ChatMessage("assistant", item.text)',
    ),
    "what was not heard stays in the history": (
        "items",
        "[kept for kept in self.kept if kept.id != item or text]",
        "list(self.kept)",
    ),
    "the history grows for ever": ("items", "count <= most and size <= most_bytes", "True"),
    "an item at a time is forgotten": ("items", "else self.most // 2", "else self.most"),
    "a byte at a time is forgotten": ("items", "else self.most_bytes // 2", "else self.most_bytes"),
    "an answer outlives its question": ("items", "oldest.speaker == USER and ", ""),
    "an id is given twice": ("items", "        self.last_id += 1\n", ""),
    # Settling.
    "the client's last word does not count": (
        "settling",
        "            settling.note_last_word(samples)",
        "            pass",
    ),
    "only more than was thought can have been heard": (
        "settling",
        "settling.note_last_word(samples)",
        "settling.note_played(0, samples)",
    ),
    "a stopped reply is never settled": (
        "conversation",
        "            self._settling.settle()\n        elif",
        "            state.settle_by = now + 1\n        elif",
    ),
    "the next question overtakes what was heard": (
        "answering",
        "        self._settling.settle()\n        self._state.unanswered = True",
        "        self._state.unanswered = True",
    ),
    "a session closes on what is unsettled": (
        "conversation",
        "        self._settling.settle()\n        self.state.floor.close()",
        "        self.state.floor.close()",
    ),
    # Snapshots.
    "a snapshot forgets whether anybody has fallen silent": (
        "plain",
        "isinstance(value, set | frozenset)",
        "False",
    ),
    "a restored conversation has other utterances": (
        "plain",
        "for key, held in value.items()]",
        "for key, held in list(value.items())[1:]]",
    ),
    "a restored conversation has no reply": (
        "plain",
        "        return None if given is None else",
        "        return None if given is None or isinstance(given, dict) else",
    ),
    "a restored conversation begins anew": (
        "snapshot",
        "Conversation(agents, limits, state=state)",
        "Conversation(agents, limits)",
    ),
}
