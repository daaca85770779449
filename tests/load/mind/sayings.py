"""Sixty things that people say: learners, visitors who try the page, and guests of another agent.

They are written as a recogniser writes them. `about`: words of which an answer to the point has one; `right`:
the mended form where the sentence has a mistake. `farewell`: no question is wanted after it.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["told", "mistake", "word", "fact", "you", "wish", "guest"]

HOTEL = (
    "You are Nora, the receptionist of the small Hotel Linden. Breakfast is from seven to ten. Check-out is "
    "at eleven. Answer the guest in one or two short, friendly sentences."
)
"""The prompt of an agent who is not the tutor."""


@dataclass(frozen=True, slots=True)
class Saying:
    said: str
    kind: Kind
    about: str
    right: str = ""
    farewell: bool = False


def _all(kind: Kind, *rows: tuple[str, ...]) -> tuple[Saying, ...]:
    return tuple(Saying(row[0], kind, row[1], row[2] if row[2:] else "") for row in rows)


SAYINGS: tuple[Saying, ...] = (
    *_all(
        "told",
        ("my cat sleeps on the piano", "cat piano pet animal sleep"),
        ("i repaired an old radio with my uncle", "radio repair uncle fix"),
        ("i won a medal in a chess tournament", "chess medal won win congrat"),
        ("my neighbour plays the drums at night", "neighbour drum noise night music loud"),
        ("we saw a fox behind the supermarket", "fox animal supermarket"),
        ("i think time goes faster when you get old", "time old age year fast"),
        ("the bus was full so i walked for an hour", "bus walk hour full"),
        ("my brother collects stamps from africa", "stamp brother collect africa famil"),
        ("i moved into a new flat on friday", "flat move home live new"),
        ("i am very nervous about my exam tomorrow", "exam nervous test tomorrow sorry hard"),
        ("my grandmother taught me to knit", "knit grandmother famil taught"),
        ("i broke my favourite cup this morning", "cup broke break sorry morning"),
    ),
    *_all(
        "mistake",
        ("i have went to london with my sister", "london sister travel trip", "have gone to london"),
        ("i am agree with you", "agree opinion think", "agree with me"),
        ("she don't like to cook", "cook food dish eat", "doesn't like to cook"),
        ("yesterday i go to the cinema", "cinema film movie see", "went to the cinema"),
        ("i have two dog at home", "dog pet animal", "two dogs"),
        ("i am interested on history", "history past", "interested in history"),
        ("people is very kind in my town", "people town city place live", "people are"),
        ("i no understand this word", "word understand say", "don't understand"),
        ("i enjoy to swim in the sea", "swim sea sport", "enjoy swimming"),
        ("he can sings very well", "sing music song", "can sing"),
        ("where you live", "live home place voice", "where do i live"),
        ("i look forward to meet you", "meet friend", "look forward to meeting"),
    ),
    *_all(
        "word",
        ("what does reluctant mean", "unwilling hesita slow want guess sentence"),
        ("what does gleam mean", "shine light bright glow guess sentence"),
        ("what is the difference between say and tell", "say tell someone person speak"),
        ("is it better to say hello or good morning", "hello morning greet both"),
        ("how do you spell necessary", "n, e, c, e, s, s, a, r, y"),
        ("what is a candle", "light wax burn fire flame"),
        ("what is a stamp", "letter post paper mail"),
    ),
    *_all(
        "fact",
        ("what is the capital of france", "paris"),
        ("how far is the moon", "384 380 four hundred thousand expert wish know"),
        ("why is the sky blue", "light scatter expert wish know"),
        ("who was shakespeare", "writ play poet expert wish know"),
        ("how do airplanes fly", "wing lift air expert wish know"),
        ("what is two plus two", "four 4"),
        ("who is the president of brazil", "expert wish know"),
    ),
    *_all(
        "you",
        ("who made you", "made people program alex voice machine"),
        ("what is parley", "talk conversation speak expert wish know"),
        ("do you listen to me when i am not talking", "listen hear talk"),
        ("where do you keep what i say", "keep kept remember expert wish know"),
        ("are you a person or a program", "alex voice machine program"),
        ("do you ever get tired", "tired sleep rest machine voice"),
        ("do you have children", "machine voice words no children"),
        ("what do you think about artificial intelligence", "intelligence machine tool technolog"),
    ),
    *_all(
        "wish",
        ("can you order a pizza for me", "pizza order only talk can't cannot"),
        ("tell me a short story", "once there was lived"),
        ("can you recommend a good film", "film movie watch"),
        ("what should i cook tonight", "cook soup rice pasta chicken dinner"),
        ("sing a song for me", "la can't cannot sorry"),
    ),
    Saying("okay thank you i have to go now goodbye", "wish", "goodbye bye care", farewell=True),
    *_all(
        "guest",
        ("good evening do you have a room", "room check stay night"),
        ("when is breakfast", "seven 7"),
        ("what time do i have to leave my room", "eleven 11"),
        ("can you wake me at six", "six 6 wake morning"),
        ("my key does not work", "key door room"),
        ("is there a quiet restaurant near here", "restaurant eat"),
        ("the room is too cold for me", "cold heat warm blanket room"),
        ("what is your name", "nora"),
    ),
)
assert len(SAYINGS) == 60
