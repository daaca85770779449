"""What people say while somebody else speaks: that they listen, that it should stop; or it is an echo."""

import re
from collections.abc import Sequence
from math import ceil

from gateway.conversation.language import base_of

Words = tuple[str, ...]
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_HUM = re.compile(r"m+h*m*|h+m+|[uao]+h+|hu+h|aha")
"""However a recogniser writes what is no word: "mm", "hmm", "mhm", "uh", "huh", "ooh"."""
MOST_LISTENING_WORDS = 4
"""Who says more than so many has something to say."""
ECHOED = 0.7
"""So great a share of four words and more must be the reply's own: recognisers get some of an echo wrong."""
SLACK_WORDS = 1
"""So many more words of the reply may an echo lie in: what was only spread over it is no echo."""


def words_of(text: str) -> Words:
    """In lower case, without signs."""
    return tuple(word.lower().replace("’", "'") for word in _WORD.findall(text))


def _phrases(text: str) -> tuple[Words, ...]:
    """Separated by commas; the longest first, so that it is found before its parts."""
    return tuple(sorted((tuple(phrase.split()) for phrase in text.split(",")), key=len, reverse=True))


_FOUND = (
    "good great nice cool true right fine fair lovely amazing awesome wonderful fantastic excellent perfect "
    "brilliant beautiful interesting funny strange terrible awful sad incredible impressive fascinating"
)
_BEGUN = ("", "that's ", "that is ", "that sounds ", "sounds ", "it's ", "how ", "so ", "very ")
_ASSESSED = ",".join(begun + found for found in _FOUND.split() for begun in _BEGUN)
"""What a listener says of what they hear: "great", "how interesting", "that's true"."""
_LISTENING = {
    "en": _phrases(
        "yeah,yes,yep,yup,okay,ok,sure,oh,really,wow,exactly,indeed,i see,"
        "got it,of course,good point,i know,makes sense,all right,alright,"
        "fair enough,oh my,my goodness,no way,absolutely,definitely,totally,certainly,i understand,i agree,"
        "i bet,no doubt,you're right,that makes sense,no kidding,no problem,oh dear," + _ASSESSED
    ),
    "es": _phrases("sí,si,vale,claro,ya,bueno,ajá,de acuerdo,por supuesto,entiendo,ah sí,en serio,exacto"),
    "fr": _phrases("oui,ouais,d'accord,ok,bien sûr,ah bon,je vois,voilà,exactement,vraiment,bien"),
    "de": _phrases("ja,genau,okay,ok,klar,richtig,stimmt,ach so,ach,echt,verstehe,gut,aha,natürlich,na klar"),
}
_STOPPING = {
    "en": _phrases(
        "stop,wait,hold on,hang on,excuse me,pause,enough,quiet,be quiet,shut up,one moment,one second,"
        "just a moment,just a second,hey,sorry,never mind,no,but,please stop,please wait,please be quiet,"
        "stop please,can you stop"
    ),
    "es": _phrases("para,espera,alto,basta,perdona,perdón,un momento,silencio,no,pero"),
    "fr": _phrases("stop,arrête,arrêtez,attends,attendez,pardon,un instant,un moment,non,mais"),
    "de": _phrases("stopp,stop,halt,warte,warten,moment,entschuldigung,genug,nein,aber"),
}


_CALLING = {
    "en": _phrases(
        "what,why,who,where,when,how,which,whose,pardon,repeat,again,louder,slower,slowly,faster,quieter,next,"
        "skip,help,continue,back,restart,cancel,quit,exit,finish,finished,done,thanks,goodbye,bye,hello,hi,"
        "silence,question,alex,parley,please,explain,actually,wrong,incorrect,different,nope,nah,never,"
        "seriously,careful"
    ),
}
"""Words that one says alone to somebody who speaks. Where there is no list any word may be one."""


def may_stand_alone(words: Words, language: str) -> bool:
    """One word of which nothing is known is more often "mm-hmm" or "wow" misheard than an interruption."""
    known = _CALLING.get(base_of(language))
    return known is None or words in known or not words[0].isascii()


def is_listening(words: Words, language: str) -> bool:
    """A backchannel: it says "go on", and nothing else."""
    known, rest = _LISTENING.get(base_of(language), ()), words
    if len(words) > MOST_LISTENING_WORDS:
        return False
    while rest:
        phrase = _first(known, rest)
        if not phrase and not _HUM.fullmatch(rest[0]):
            return False
        rest = rest[len(phrase) or 1 :]
    return True


def says_stop(words: Words, language: str) -> bool:
    """It begins with what makes anybody fall silent, behind a hum at most."""
    heard = words[1:] if words and _HUM.fullmatch(words[0]) else words
    return bool(_first(_STOPPING.get(base_of(language), ()), heard)) and not is_listening(words, language)


def is_echo(words: Words, spoken: Words) -> bool:
    """These are the reply's own words, in its order: a loudspeaker is heard by the microphone."""
    count = len(words)
    if count < 2:
        return False  # one word that both say is chance, or an answer
    needed = ceil(ECHOED * count) if count > 3 else count
    parts = range(max(len(spoken) - count - SLACK_WORDS, 0) + 1)
    return any(_in_order(words, spoken[at : at + count + SLACK_WORDS]) >= needed for at in parts)


def _in_order(words: Words, spoken: Words) -> int:
    """How many of the words there are in both, in one order: the longest common subsequence."""
    best = [0] * (len(spoken) + 1)
    for word in words:
        before = 0
        for place, other in enumerate(spoken, start=1):
            above = best[place]
            best[place] = before + 1 if word == other else max(above, best[place - 1])
            before = above
    return best[-1]


def _first(phrases: Sequence[Words], words: Words) -> Words:
    """The longest of the phrases with which the words begin."""
    return next((phrase for phrase in phrases if words[: len(phrase)] == phrase), ())
