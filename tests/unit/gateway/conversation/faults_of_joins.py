"""Hand-made faults in what becomes of who goes on before they are answered; as in `faults.py`."""

FAULTS_OF_JOINS: dict[str, tuple[str, str, str]] = {
    "a question that goes on is asked twice": (
        "settling",
        "        state.items.take_back(reply.question)\n",
        "",
    ),
    "what was said before they went on is lost": (
        "conversation",
        "            state.hearing.go_on_from(said)\n",
        "",
    ),
    "a reply that was withdrawn goes on": (
        "settling",
        "        self._tell(do.CancelReply(reply.id))\n        self._tell(n.ReplyWithdrawn",
        "        self._tell(n.ReplyWithdrawn",
    ),
    "nobody is told that a reply was withdrawn": (
        "settling",
        "        self._tell(n.ReplyWithdrawn(reply.turn, reply.id))\n",
        "",
    ),
    "a reply that can be read is withdrawn": (
        "settling",
        "reply is None or reply.mute or",
        "reply is None or",
    ),
    "an apology is withdrawn": (
        "settling",
        "state.floor.agent is AgentState.THINKING and state.unanswered",
        "state.floor.agent is AgentState.THINKING",
    ),
    "what was told before is not told apart": (
        "conversation",
        "is_final=True, before=before))\n        if",
        "is_final=True))\n        if",
    ),
    "who goes on begins a turn": (
        "conversation",
        "            state.hearing.go_on_from(said)\n",
        "            self._begin_turn()\n            state.hearing.go_on_from(said)\n",
    ),
}
