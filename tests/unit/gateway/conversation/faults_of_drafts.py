"""Hand-made faults in replies that are begun before their user has finished; as in `faults.py`."""

FAULTS_OF_DRAFTS: dict[str, tuple[str, str, str]] = {
    "a draft of another agent is used": (
        "drafting",
        "            draft.agent == (self._state.agent, self._state.variant)\n            and [",
        "            [",
    ),
    "an empty draft is used": (
        "drafting",
        "            and not (draft.done and not draft.text.strip())\n",
        "",
    ),
    "a draft is not compared with what was said": (
        "drafting",
        "        if draft is not None and not _is_same(draft.question, self._state.hearing.text):",
        "        if False:",
    ),
    "a draft that was used is still a draft": (
        "drafting",
        "        self._state.draft = None\n        return draft",
        "        return draft",
    ),
    "two drafts in a turn": (
        "drafting",
        "            and state.drafted_turn != state.floor.turn\n",
        "",
    ),
    "a draft for half a sentence": (
        "drafting",
        "            and not calls_for_more(hearing.text, self._agents[state.agent].language)\n",
        "",
    ),
    "a draft of a failed model is waited for": (
        "drafting",
        "            case e.ReplyTextFailed():\n                self.drop(failed=True)\n",
        "            case e.ReplyTextFailed():\n                draft.done = True\n",
    ),
    "a draft is dropped in silence": (
        "drafting",
        "            self._tell(do.DropDraft(draft.id, failed))\n",
        "            pass\n",
    ),
    "a draft is shown at once": (
        "drafting",
        "                draft.text = (draft.text + text)[: self._limits.reply_chars]\n",
        "                draft.text = (draft.text + text)[: self._limits.reply_chars]\n"
        "                self._tell(n.ReplyTextAdded(self._state.floor.turn, draft.id, text))\n",
    ),
    "the newest of a draft alone is kept": (
        "drafting",
        "draft.text = (draft.text + text)[",
        "draft.text = text[",
    ),
    "what was drafted is lost": (
        "answering",
        "        for event in draft.events(at) if draft is not None else ():\n"
        "            self._advance(event, reply)\n",
        "",
    ),
    "a draft outlives what it answers": (
        "conversation",
        "            self._drafting.reconsider()\n            if has_finished(hearing):",
        "            if has_finished(hearing):",
    ),
    "what is understood anew is not compared": (
        "conversation",
        "            self._drafting.reconsider()\n            self._emit(n.Transcribed",
        "            self._emit(n.Transcribed",
    ),
    "a draft outlives the session": (
        "conversation",
        "        self._drafting.drop()\n        self._settling.settle()\n",
        "        self._settling.settle()\n",
    ),
    "the end of a draft is not noticed": (
        "reply",
        "[ReplyTextFinished(at, self.id)] if self.done else []",
        "[]",
    ),
}
