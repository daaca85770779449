"""The judge of the sixty answers sees what it is there to see."""

import pytest

from tests.load.mind.judge import judge
from tests.load.mind.sayings import SAYINGS, Saying

CAT = Saying("my cat sleeps on the piano", "told", "cat piano")
MISTAKE = Saying("i have went to london", "mistake", "london", "have gone to london")
BYE = Saying("goodbye", "wish", "goodbye", farewell=True)


def test_there_are_sixty_things_and_none_twice() -> None:
    assert len({saying.said for saying in SAYINGS}) == 60
    assert all(saying.about and saying.said == saying.said.lower() for saying in SAYINGS)


@pytest.mark.parametrize(
    ("saying", "reply", "fault"),
    [
        (CAT, "Cats like warm places. Is it a big piano?", ""),
        (CAT, "Cats like warm places.", "asks"),
        (CAT, "I see! What do you do at the weekend?", "on_topic"),
        (CAT, "My wife plays the piano. Do you?", "invents_nothing"),
        (CAT, "Parley is a restaurant with a piano. Do you like it?", "invents_nothing"),
        (CAT, "A cat sleeps 16 hours a day. Does yours?", "invents_nothing"),
        (CAT, f"Cats {'sleep and ' * 40}eat. Do they?", "fits_speech"),
        (CAT, "**Cats** are fun! Is yours?", "plain"),
        (CAT, "Cats are fun 👍 Is yours?", "plain"),
        (CAT, "Give the cat some wine! Is it old?", "safe"),
        (MISTAKE, "London is nice. Who did you go with?", "recasts"),
        (MISTAKE, "Oh, you have gone to London! Who with?", ""),
        (BYE, "Goodbye! What is your name?", "asks"),
        (BYE, "Goodbye, and take care!", ""),
    ],
)
def test_an_answer_is_good_or_lacks_one_thing(saying: Saying, reply: str, fault: str) -> None:
    verdict = judge(saying, reply)
    lacking = [name for name in verdict.__slots__ if not getattr(verdict, name)]
    assert lacking == ([fault] if fault else [])
    assert verdict.good is not bool(fault)
