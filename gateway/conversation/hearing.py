"""What the user has said so far in this turn: one utterance, or several when they went on speaking."""


class Hearing:
    """Utterances are numbered by the gate; the finals of all that were started are awaited."""

    def __init__(self) -> None:
        self.flushed = False
        self._texts: dict[int, str] = {}
        self._speaking: set[int] = set()
        self._open: set[int] = set()

    @property
    def text(self) -> str:
        return " ".join(text for _, text in sorted(self._texts.items()) if text)

    @property
    def speaking(self) -> bool:
        return bool(self._speaking)

    @property
    def complete(self) -> bool:
        """Every utterance that was started has its final."""
        return not self._open

    def start(self, utterance: int) -> None:
        self.flushed = False
        self._speaking.add(utterance)
        self._open.add(utterance)

    def stop(self, utterance: int) -> bool:
        """False: not one of this turn's."""
        self._speaking.discard(utterance)
        return utterance in self._open

    def change(self, utterance: int, text: str) -> bool:
        if utterance not in self._open:
            return False
        self._texts[utterance] = text.strip()
        return True

    def finish(self, utterance: int, text: str) -> bool:
        if not self.change(utterance, text):
            return False
        self._speaking.discard(utterance)
        self._open.discard(utterance)
        return True
