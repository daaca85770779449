"""Words the tutor can explain, each in words that a beginner knows."""

WORDS = {
    "agree": "to think the same as another person",
    "appointment": "a fixed time to meet somebody, like a doctor",
    "awesome": "very, very good",
    "adjective": "a word that says what something is like, such as big or nice",
    "bargain": "something good for a low price",
    "borrow": "to take something and give it back later",
    "brave": "not afraid to do hard things",
    "busy": "having a lot to do",
    "challenge": "something hard that you want to try",
    "comfortable": "soft and nice for your body, or relaxed",
    "confident": "sure that you can do something",
    "cosy": "warm, small and nice",
    "curious": "wanting to know more",
    "deadline": "the last day to finish something",
    "delicious": "very good to eat",
    "embarrassed": "red in the face because something silly happened",
    "enjoy": "to like doing something",
    "excited": "very happy about something that will come",
    "exhausted": "very, very tired",
    "favourite": "the one that you like best",
    "fluent": "able to speak a language easily",
    "hobby": "something you do in your free time because you like it",
    "homesick": "sad because you're far from home",
    "idiom": "a group of words with a special meaning, like 'a piece of cake'",
    "huge": "very, very big",
    "improve": "to get better",
    "jealous": "unhappy because you want what another person has",
    "journey": "a long trip",
    "lonely": "sad because nobody is with you",
    "neighbour": "a person who lives next to you",
    "noun": "a word for a thing or a person, like table or teacher",
    "polite": "kind and correct with other people",
    "proud": "very happy about something you did",
    "reliable": "always there when you need it",
    "shy": "a little afraid to talk to people",
    "stubborn": "not ready to change your mind",
    "tutor": "a teacher who works with one person, like me with you",
    "upset": "sad or a little angry",
    "weekend": "Saturday and Sunday",
    "verb": "a word for doing something, like go or eat",
    "yummy": "very good to eat",
}


def meaning_of(word: str) -> str | None:
    """What the word means; -s and -er spellings of the same word count too."""
    for known in (
        word,
        word.removesuffix("s"),
        word.replace("favorite", "favourite").replace("neighbor", "neighbour"),
    ):
        if known in WORDS:
            return WORDS[known]
    return None
