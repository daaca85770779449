"""The tutor's set phrases, by level. Data only: who says what when is decided in the dialogue."""

from collections.abc import Mapping

from llm_service.engine import Level

ByLevel = Mapping[Level, tuple[str, ...]]

ASK_NAME = ("What's your name?", "What should I call you?", "Who am I talking to?")

OPENINGS: ByLevel = {
    "beginner": ("Hi! I'm Alex, your English tutor. I'm happy to talk with you!",),
    "intermediate": ("Hi there! I'm Alex, your English tutor, and I'm really glad you're here.",),
    "advanced": (
        "Hello! I'm Alex, your English tutor, and I've been looking forward to catching up with you.",
    ),
}
GREETINGS: ByLevel = {
    "beginner": ("Hello! It's nice to talk with you.", "Hi! I'm happy to hear you."),
    "intermediate": ("Hello! It's great to hear your voice.", "Hi! I'm glad we've got time for a chat."),
    "advanced": (
        "Hello! I was just warming up for a good conversation.",
        "Hi! Let's see where the talk takes us.",
    ),
}
NAMED: ByLevel = {
    "beginner": (
        "Nice to meet you, {name}! I like your name.",
        "Hello, {name}! I'm happy that you are here.",
    ),
    "intermediate": (
        "It's lovely to meet you, {name}!",
        "Great to meet you, {name}! Let's have a good chat.",
    ),
    "advanced": (
        "A pleasure to meet you, {name}; I've a feeling we'll hit it off.",
        "Delighted, {name}! Let's dive straight in.",
    ),
}
PRAISE: ByLevel = {
    "beginner": (
        "Very good!", "Great job!", "Well done!", "That's a good sentence!",
        "Your English is nice!", "Good work!",
        "I like that!", "That's great!", "You speak well!", "Good English!",
    ),
    "intermediate": (
        "Oh, that's interesting!", "I like the way you put that.", "I see!",
        "Thanks for telling me that.",
        "How interesting!", "I can picture that.", "Nice, I like that.", "Ah, I see what you mean.",
        "Right, I'm with you.", "That makes sense.",
    ),
    "advanced": (
        "Nicely put.", "I can see where you're coming from.", "You've got me hooked already.",
        "That rings true.",
        "I like where this is heading.", "Now you've piqued my curiosity.", "I can well imagine.",
        "That's worth unpacking.", "Fair enough, that speaks for itself.", "That brings it to life for me.",
    ),
}  # fmt: skip
SYMPATHY: ByLevel = {
    "beginner": ("Oh, I'm sorry. I hope it gets better soon.", "That's hard. I'm sorry to hear it."),
    "intermediate": (
        "I'm sorry to hear that; it can't be easy.",
        "Oh, that sounds hard. Thanks for sharing it with me.",
    ),
    "advanced": (
        "I'm sorry you're going through that; it can really wear a person down.",
        "That sounds tough, and it takes guts to talk about it.",
    ),
}
YES: ByLevel = {
    "beginner": ("Great!", "Oh, nice!", "Yes? Very good!"),
    "intermediate": ("Oh, good!", "I thought so!", "Great, I'm curious now."),
    "advanced": ("I had a hunch you'd say that.", "Splendid.", "Right, I'm all ears."),
}
NO: ByLevel = {
    "beginner": ("That's okay!", "No problem!", "No? That's fine!"),
    "intermediate": ("Fair enough!", "No? That's fine too.", "That's all right, not everyone does."),
    "advanced": ("Fair enough; to each their own.", "No? I can live with that.", "Point taken."),
}
CARING: ByLevel = {
    "beginner": ("What happened?", "Who can help you now?", "What can make you feel better?"),
    "intermediate": (
        "What happened?",
        "How are you feeling about it now?",
        "What would make things a bit easier for you?",
    ),
    "advanced": (
        "What's been weighing on you the most?",
        "Who can you lean on at the moment?",
        "What would take some of the weight off your shoulders?",
    ),
}
DISLIKE: ByLevel = {
    "beginner": ("That's okay! Everyone is different.", "I understand. Not for you!"),
    "intermediate": (
        "Fair enough, we can't all like the same things.",
        "I get that, and it's good to know what you like.",
    ),
    "advanced": (
        "Fair enough, there's no accounting for taste.",
        "I hear you; it isn't everyone's cup of tea.",
    ),
}
UNSURE: ByLevel = {
    "beginner": ("No problem! Let's try an easy question.", "That's okay. Take your time."),
    "intermediate": (
        "That's fine, it's a hard one. Let me try another.",
        "No worries, let's come at it differently.",
    ),
    "advanced": (
        "Fair enough, I did put you on the spot. Let's try another tack.",
        "No rush; let's turn to something else.",
    ),
}
CHANGE: ByLevel = {
    "beginner": ("Of course! New topic!",),
    "intermediate": ("Of course, let's talk about something else.",),
    "advanced": ("By all means, let's change tack.",),
}
SHORT: ByLevel = {
    "beginner": ("\"{quote}\": good word!", "Okay, \"{quote}\"! I hear you.", "Ah, \"{quote}\". Nice!"),
    "intermediate": ("\"{quote}\", I like it!", "Ah, \"{quote}\"! Now I'm curious.", "Okay, \"{quote}\"."),
    "advanced": ("\"{quote}\": short and to the point!", "\"{quote}\"? Intriguing.", "Ah, \"{quote}\"."),
}  # fmt: skip
# A recogniser's rubbish: say back a little, ask for the rest.
GARBLED: ByLevel = {
    "beginner": (
        "I think I heard \"{quote}\". Can you tell me more?",
        "I heard \"{quote}\", but not the rest. Can you say it again slowly?",
    ),
    "intermediate": (
        "I think I heard \"{quote}\", but I'm not sure I got it all. Could you tell me a bit more?",
        "I caught \"{quote}\" and lost the rest. Could you put it another way?",
    ),
    "advanced": (
        "I made out \"{quote}\", but the rest slipped past me. Could you run that by me again?",
        "I caught something like \"{quote}\". Would you mind filling me in on the rest?",
    ),
}  # fmt: skip
EASE: ByLevel = {
    "beginner": ("Sorry, I don't hear you well today! Let's try this.", "It's okay, we can try an easy one."),
    "intermediate": (
        "Sorry, I still didn't catch that. Let's try an easier one.",
        "My ears need a rest! Let me ask you this.",
    ),
    "advanced": (
        "Sorry, it still got lost on the way. Let's start afresh.",
        "My ears are letting me down. Let's move on.",
    ),
}
SILENCE: ByLevel = {
    "beginner": ("I'm here, take your time.", "I can't hear you, but that's okay."),
    "intermediate": ("I didn't catch anything, but there's no hurry.", "Take your time, I'm listening."),
    "advanced": (
        "I didn't quite catch that, but take all the time you need.",
        "Take a breath; there's no rush at all.",
    ),
}
FOREIGN: ByLevel = {
    "beginner": (
        "Oh, that's a nice language! I only speak English here.",
        "Good try! Let's use easy English words.",
    ),
    "intermediate": (
        "What a lovely language! I only speak English here, so let's give it a go.",
        "That sounds beautiful, but let's keep to English; simple words are fine.",
    ),
    "advanced": (
        "What a lovely sound! I'm afraid English is all I've got, so let's stick with it.",
        "That went over my head, I'm afraid. Let's switch back to English.",
    ),
}
COMMANDS: ByLevel = {
    "beginner": (
        "Okay, I go! Oh no, here is a wall! You give good directions.",
        "Yes, captain! I move, I move... and stop! Very clear English.",
    ),
    "intermediate": (
        "\"{quote}\"? Aye aye, captain! My feet are staying here, but your directions were clear.",
        "Consider it done! Well, in my imagination at least; I'm only a voice.",
    ),
    "advanced": (
        "\"{quote}\"? Your wish is my command, although a tutor without legs won't get far.",
        "I'd set off at once, but I'm all talk, quite literally.",
    ),
}  # fmt: skip
AFTER_COMMAND: ByLevel = {
    "beginner": (
        "Where do you want to go?",
        "How do you go from home to the shop?",
        "What is in front of you now?",
    ),
    "intermediate": (
        "If you could send me anywhere in the world, where would I end up?",
        "How would you explain the way from your home to the nearest shop?",
        "What would you like a robot to do for you at home?",
    ),
    "advanced": (
        "If you could steer me anywhere in the world, where would you send me?",
        "Are you at ease giving orders, or would you rather others took the lead?",
        "What would you be happy to leave to a robot, and what would you never let it do?",
    ),
}
FAREWELLS: ByLevel = {
    "beginner": (
        "Goodbye, {name}! You did very well today. See you soon!",
        "Bye, {name}! Thank you for the nice talk.",
    ),
    "intermediate": (
        "Goodbye, {name}! I really enjoyed our chat, and you're getting better all the time.",
        "Take care, {name}! You did a great job today, so come back soon.",
    ),
    "advanced": (
        "Goodbye, {name}! It's been a treat; you really held your own today.",
        "Take care, {name}! Let's pick up where we left off next time.",
    ),
}
NEW_SUBJECT: ByLevel = {
    "beginner": ("Let's talk about something new.", "Here is a new question.", "Now something different!"),
    "intermediate": (
        "Let's talk about something else for a moment.",
        "Let me change the subject.",
        "Here's something different.",
    ),
    "advanced": (
        "Let me throw something else into the mix.",
        "Let's branch out a little.",
        "On a different note, then.",
    ),
}
RECALL: ByLevel = {
    "beginner": ("I remember that {fact}!", "You told me that {fact}."),
    "intermediate": (
        "I remember you said {fact}.",
        "Let's go back a bit; you said {fact}.",
        "Earlier you told me {fact}.",
    ),
    "advanced": (
        "You mentioned a while ago that {fact}, and I've been mulling it over.",
        "I haven't forgotten that {fact}.",
    ),
}
IDIOM_LESSON = (
    "Do you know the phrase \"{idiom}\"? It means {meaning}.",
    "Here's a phrase for you: \"{idiom}\" means {meaning}.",
)  # fmt: skip
AFTER_RECAST: ByLevel = {
    "beginner": ("I understand you!", "Now I know!", "I see!", "Thank you for telling me!"),
    "intermediate": (
        "Good to know.",
        "I get what you mean.",
        "Thanks, now I can picture it.",
        "Tell me more.",
    ),
    "advanced": (
        "I'd love to dig deeper into that.",
        "Do go on.",
        "That paints quite a picture.",
        "I'm all ears.",
    ),
}
RECAST_OPENERS = ("Oh, {echo}!", "Ah, {echo}!", "I see, {echo}!", "Right, {echo}!")
