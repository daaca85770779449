"""Topics of the wider world: travel, weather, technology, plans, the city, shopping, languages."""

from llm_service.engines.tutoring.topic import topic

TOPICS = (
    topic(
        "travel",
        "travel travelling trip holiday holidays vacation airport plane train hotel beach sea mountain "
        "mountains tourist abroad country countries visit visited flight passport museum",
        easy=(
            "Where do you want to go?",
            "What do you take on a trip?",
            "Do you like the sea or the mountains?",
            "Who do you travel with?",
            "Which country do you like best?",
        ),
        natural=(
            "What's the most beautiful place you've ever seen?",
            "Where would you go tomorrow if you had a free ticket?",
            "Do you plan every detail of a trip, or just go?",
            "What's the strangest thing that's happened to you on a journey?",
            "What should a visitor to your country not miss?",
        ),
        deep=(
            "Does travelling really broaden the mind, or do we mostly look for what we know?",
            "Should we travel less, given what flying does to the climate?",
            "What's the difference, for you, between a tourist and a traveller?",
            "Which place has left a mark on you, and why has it stayed with you?",
        ),
        say_easy=("The world is big and beautiful.", "Trips are so exciting."),
        say_natural=(
            "Travelling is such a good way to use your English.",
            "Every journey gives you a story to tell.",
        ),
        say_deep=(
            "Getting off the beaten track usually pays off, even when it all goes wrong.",
            "Travel has a habit of turning our certainties upside down.",
        ),
        idiom=("off the beaten track", "far from the places where most people go"),
    ),
    topic(
        "weather",
        "weather rain raining rainy sun sunny snow cold hot warm wind windy cloud cloudy summer winter "
        "spring autumn storm temperature",
        easy=(
            "What is the weather like today?",
            "Do you like summer or winter?",
            "What do you do when it rains?",
            "What do you wear in winter?",
        ),
        natural=(
            "How does the weather change your mood?",
            "What's your favourite season, and what do you do in it?",
            "What's the wildest weather you've ever been in?",
            "What's a perfect rainy day for you?",
        ),
        deep=(
            "Do you think climate shapes the character of a whole people?",
            "Has the weather where you live changed in your lifetime?",
            "Why do you think small talk about the weather works everywhere?",
            "How should a city get ready for the summers that are coming?",
        ),
        say_easy=("We English speakers love the weather!", "The weather changes every day."),
        say_natural=("The weather is everyone's favourite small talk.", "A bit of sun changes everything."),
        say_deep=(
            "Weather is the one subject nobody can be blamed for bringing up.",
            "Every cloud has a silver lining, or so the optimists keep telling us.",
        ),
        idiom=("to be on cloud nine", "to be extremely happy"),
    ),
    topic(
        "technology",
        "computer phone internet robot robots technology software app program programming code coding "
        "online laptop artificial intelligence website machine smartphone",
        easy=(
            "What do you do on your phone?",
            "Which app do you use every day?",
            "Do you like computers?",
            "When do you turn off your phone?",
        ),
        natural=(
            "Which app or gadget couldn't you live without?",
            "How long could you last without your phone?",
            "What piece of technology makes your life easier?",
            "What did people do better before the internet?",
        ),
        deep=(
            "Is technology bringing us together, or quietly pulling us apart?",
            "What should we never hand over to a machine?",
            "How much of your privacy would you trade for convenience?",
            "Will we look back on today's gadgets with pride or with regret?",
        ),
        say_easy=("Phones are useful every day.", "Computers can help you learn."),
        say_natural=("Technology changes so quickly.", "It's hard to remember life before smartphones."),
        say_deep=(
            "Every tool we pick up ends up shaping the hand that holds it.",
            "We're quick to take up new gadgets and slow to think them through.",
        ),
        idiom=("to be on the same wavelength", "to think in the same way as someone"),
    ),
    topic(
        "plans",
        "weekend plan plans tomorrow tonight saturday sunday future next birthday christmas holiday "
        "yesterday today",
        easy=(
            "What do you do at the weekend?",
            "What do you want to do tomorrow?",
            "When is your birthday?",
            "What do you do in the evening?",
        ),
        natural=(
            "What are you looking forward to this week?",
            "What would your perfect weekend look like?",
            "Where would you like to be in five years?",
            "What's one thing you'd like to do before the year ends?",
        ),
        deep=(
            "Are you someone who plans ahead, or someone who plays it by ear?",
            "What would you do differently if you knew you couldn't fail?",
            "Is it healthier to live in the moment or to keep an eye on the future?",
            "Which plan of yours fell through and turned out to be a blessing?",
        ),
        say_easy=("It is nice to have plans.", "Free days are the best days."),
        say_natural=(
            "It's always nice to have something to look forward to.",
            "Weekends go by far too fast.",
        ),
        say_deep=(
            "The best-laid plans fall through, and some of the best days come out of it.",
            "Looking forward to something is often half the pleasure.",
        ),
        idiom=("to play it by ear", "to decide as you go, without a plan"),
    ),
    topic(
        "city",
        "city town village street park shop traffic bus centre center live building museum bridge station",
        easy=(
            "What is your town like?",
            "What is your favourite place there?",
            "Is your town big or small?",
            "How do you go to the shop?",
        ),
        natural=(
            "What do you like most about the place where you live?",
            "Where would you take me on my first day in your town?",
            "What would you change about your town if you were mayor?",
            "Would you rather live in a big city or in a quiet village?",
        ),
        deep=(
            "Can a person feel lonely in a crowd of millions, and why does it happen?",
            "What makes a city worth living in, beyond jobs and shops?",
            "Who do you think cities are really built for?",
            "Has your town kept its soul, or has it sold out to visitors?",
        ),
        say_easy=("I like to hear about new places.", "Every town is different."),
        say_natural=(
            "Every place has its own little secrets.",
            "I feel as if I were walking through it with you.",
        ),
        say_deep=(
            "A city wears its history on its sleeve, if you know where to look.",
            "You only get to know a place by getting lost in it.",
        ),
        idiom=("a stone's throw", "a very short distance"),
    ),
    topic(
        "shopping",
        "shopping buy bought market shop money price expensive cheap clothes shoes supermarket store "
        "sale dress shirt bag pay",
        easy=(
            "What do you like to buy?",
            "Where do you buy your food?",
            "What clothes do you like to wear?",
            "Who goes shopping with you?",
        ),
        natural=(
            "What's the best thing you've bought lately?",
            "Do you prefer shopping online or in real shops?",
            "What do you never mind spending money on?",
            "What's a bargain you're still proud of?",
        ),
        deep=(
            "Do we own our things, or do they end up owning us?",
            "How do you stop yourself from buying on impulse?",
            "Does where we spend our money say more than how we vote?",
            "Would you be happier with half of what you own?",
        ),
        say_easy=("Markets are full of nice things.", "Shopping words are very useful."),
        say_natural=(
            "A good bargain is always satisfying.",
            "Markets are great places for practising a language.",
        ),
        say_deep=(
            "Splashing out feels marvellous right up to the moment the bill turns up.",
            "Things rarely live up to the picture we had of them in the shop.",
        ),
        idiom=("to cost an arm and a leg", "to be very expensive"),
    ),
    topic(
        "languages",
        "english language languages speak speaking word words grammar spanish french german italian "
        "japanese chinese practice practise pronunciation accent vocabulary vietnamese arabic russian "
        "portuguese korean turkish",
        easy=(
            "Why do you learn English?",
            "Which English word do you like?",
            "What is hard for you in English?",
            "Who do you speak English with?",
        ),
        natural=(
            "What made you want to learn English?",
            "What's the trickiest thing about English for you?",
            "Which word in your language has no good English translation?",
            "When did you last surprise yourself with your English?",
        ),
        deep=(
            "Do you become a slightly different person when you switch languages?",
            "What does your language let you say that English simply can't?",
            "Is an accent something to iron out or something to hold on to?",
            "Will people still bother to learn languages once machines translate everything?",
        ),
        say_easy=("You learn something every day!", "You speak more and more English."),
        say_natural=(
            "Learning a language takes courage, and you've got it.",
            "Every conversation makes you stronger.",
        ),
        say_deep=(
            "A language grows on you while you're busy getting it wrong.",
            "Getting your point across beats getting every ending right.",
        ),
        idiom=("practice makes perfect", "you get better at things by doing them often"),
    ),
)
