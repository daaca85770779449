"""What the learner said, made regular: recogniser text has no points, no capitals and many wrong words.

Nothing here judges; every other module of the tutor reads `Heard` or clauses instead of raw text.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from llm_service.engines.tutoring.words import word_set

LONGEST = 600  # characters of one message that are read; speech never gets there

_SPELLINGS = {
    "im": "i'm", "ive": "i've", "dont": "don't", "doesnt": "doesn't", "didnt": "didn't", "cant": "can't",
    "isnt": "isn't", "whats": "what's", "thats": "that's", "lets": "let's", "hes": "he's", "shes": "she's",
}  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)*")
"""Letters and digits of any script: names have them."""
_MARK = re.compile(r"[.,!?;:\n]+")
_LINK = re.compile(r" (?=(?:and|but|because|so|then|that|when|while|if|who|which)\b)")
# "she goes to school she likes it": a second subject with its verb starts a new thought, unless a verb of
# saying or thinking leads up to it ("i think she likes it").
_RESTART = re.compile(
    r"(?<! think)(?<! know)(?<! hope)(?<! said)(?<! what)(?<! where)(?<! how)(?<! why)(?<! as)"
    r"(?<! guess)(?<! believe)(?<! feel)(?<! place)(?<! thing)(?<=\w\w\w) "
    r"(?=(?:i|he|she|we|they) (?:am|is|are|was|go|goes|went|like|likes|love|have|has|want|study|work|live|"
    r"play|eat|don't|doesn't|can)\b|(?:his|her|its) name\b)"
)
_SUBJECT = re.compile(r"\b(?:i|he|she|it|we|they|you)\b")
_FOREIGN = word_set(
    "hola gracias como estas buenos dias bonjour merci je suis oui ich bin nicht und danke guten hallo "
    "ciao grazie sono obrigado eu estou muito bom dia que pour avec porque señor quiero hablar tengo "
    "privet spasibo merhaba salam xin chao arigato konnichiwa"
)
_SAD = re.compile(
    r"(?<!not )(?<!never )\b(?:sad(?! (?:film|movie|story|song|book|end))|sick|ill|died|dead|angry|"
    r"lonely|stressed|stress|hurts?|pain|bad day|terrible|awful|worried|cry|crying|afraid|tired|"
    r"nervous|scared|broke my|exhausted|depressed|headache|fever|upset|lost my|broke up|hospital)\b"
)
_PERSONAL = re.compile(r"\b(?:i|i'm|my|we|he|she|me)\b")
_NOISE = word_set("uh um hmm mm mhm er ah oh eh hm huh the a and of to in is it you")


@dataclass(frozen=True)
class Heard:
    """One utterance in lower case, with contractions mended; `clauses` are its sayable parts."""

    raw: str

    @cached_property
    def clauses(self) -> tuple[str, ...]:
        """Parts between punctuation and before linking words, each of plain words and single spaces."""
        # One sign a letter: a keyboard may send "é" as two.
        regular = unicodedata.normalize("NFC", self.raw[:LONGEST]).lower().replace("’", "'")
        parts = (_words(part) for part in _MARK.split(regular))
        linked = (clause for part in parts if part for clause in _LINK.split(" ".join(part)))
        return tuple(clause for long in linked for clause in _restarts(long))

    @cached_property
    def text(self) -> str:
        return " ".join(self.clauses)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(self.text.split())

    @property
    def is_question(self) -> bool:
        return "?" in self.raw

    @property
    def is_noise(self) -> bool:
        """Nothing but hesitation or single function words: there is nothing to answer."""
        return all(word in _NOISE for word in self.words) and len(self.words) <= 3

    @property
    def is_foreign(self) -> bool:
        """Another script, or at least two words of another language's small talk."""
        letters = [char for char in self.raw[:LONGEST] if char.isalpha()]
        latin = sum(char < "\u0250" for char in letters)
        foreign = sum(word in _FOREIGN for word in self.words)
        return latin * 2 < len(letters) or foreign >= 2 or (foreign == 1 and 3 * foreign > len(self.words))

    @property
    def is_sad(self) -> bool:
        """Whether it tells of a trouble of the speaker's own or of somebody close."""
        return any(_SAD.search(clause) and _PERSONAL.search(clause) for clause in self.clauses)

    def as_written(self, word: str) -> str:
        """A name among the words as its owner writes it, with what a hyphen joins to it; capitals where they
        wrote none.
        """
        raw = unicodedata.normalize("NFC", self.raw[:LONGEST]).replace("’", "'")
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)(?:-\w+)*", raw, re.IGNORECASE)
        name = found[0] if found else word
        return name if name != name.lower() else "-".join(part.capitalize() for part in name.split("-"))

    def quote(self, most: int = 5) -> str:
        """The first words, short enough to say back without parroting."""
        return " ".join(word[:20] for word in self.words[:most])


def _restarts(clause: str) -> list[str]:
    """The clause cut before a second subject, if it has a first one."""
    cuts = [m.start() for m in _RESTART.finditer(clause) if _SUBJECT.search(clause, 0, m.start())]
    return [clause[start:end].strip() for start, end in zip([0, *cuts], [*cuts, None], strict=True)]


def _words(part: str) -> list[str]:
    return [_SPELLINGS.get(word, word) for word in _WORD.findall(part)]


_MIRROR = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "i'm": "you're",
    "i've": "you've", "i'd": "you'd", "i'll": "you'll", "our": "your", "we": "you", "us": "you",
    "we're": "you're", "am": "are", "your": "my", "yours": "mine", "ours": "yours", "ourselves": "yourselves",
}  # fmt: skip


_GIVE_TO = word_set(
    "with to for of about from at than meet meeting see seeing help tell told ask asked thank call"
)
"""After these, "you" is no subject."""


def mirror(phrase: str) -> str:
    """The same words from the tutor's side: "i was with my dog" gives "you were with your dog"."""
    words = phrase.split()
    turned = [
        "me" if word == "you" and before in _GIVE_TO else _MIRROR.get(word, word)
        for before, word in zip(["", *words], words, strict=False)
    ]
    return re.sub(r"\byou was\b", "you were", " ".join(turned))


_VERB_OF = {"are i": "am i", "were i": "was i", "am you": "are you", "was you": "were you"}


def mirror_question(phrase: str) -> str:
    """A question from the tutor's side: "where do you live" gives "where do i live"."""
    words: list[str] = []
    for word in phrase.split():
        mine = "me" if "i" in words else "i"
        words.append(mine if word == "you" else word if word == "am" else _MIRROR.get(word, word))
    return re.sub(r"\b(?:are|were|am|was) (?:i|you)\b", lambda m: _VERB_OF.get(m[0], m[0]), " ".join(words))


_PROPER = word_set(
    "monday tuesday wednesday thursday friday saturday sunday january february april june july august "
    "september october november december english british american spanish french german italian japanese "
    "chinese russian portuguese arabic korean turkish i i'm christmas japan england london america paris "
    "france spain italy germany china india brazil mexico canada australia korea vietnam russia poland "
    "portugal europe africa asia rome tokyo madrid berlin"
)


def capitalise(sentence: str) -> str:
    """A sentence fit to be shown: capital first letter, I, days, months and languages."""
    spelled = " ".join(w.capitalize() if w in _PROPER else w for w in sentence.split())
    return spelled[:1].upper() + spelled[1:]
