"""Topics close to home: food, family, home, work, school, health, feelings."""

from llm_service.engines.tutoring.topic import topic

TOPICS = (
    topic(
        "food",
        "food eat eating ate cook cooking cooked dinner lunch breakfast restaurant pizza rice pasta soup "
        "tea coffee bread fruit apple vegetables meat fish chicken cake hungry delicious kitchen recipe "
        "meal cheese chocolate salad sushi drink sandwich",
        easy=(
            "What do you eat for breakfast?",
            "What food do you like best?",
            "Who cooks in your home?",
            "What food do you not like?",
            "What do people eat in your country?",
        ),
        natural=(
            "What dish from your country should everyone try?",
            "Do you cook more often or eat out, and why?",
            "What's the best meal you've had recently?",
            "Which food reminds you of your childhood?",
            "If I came to dinner, what would you make?",
        ),
        deep=(
            "How much do you think what we eat says about who we are?",
            "Is home cooking dying out where you live, or coming back?",
            "Would you give up meat for the sake of the planet?",
            "Why do you suppose sharing a meal brings people together?",
        ),
        say_easy=("Food is a happy topic!", "I love to talk about food.", "Now I am hungry!"),
        say_natural=("Talking about food always makes me hungry.", "A good meal can save a bad day."),
        say_deep=(
            "Food is never just fuel; it carries memories, class and a fair bit of politics.",
            "You're making my mouth water, and you're whetting my appetite for the story behind it.",
        ),
        idiom=("a piece of cake", "something very easy"),
    ),
    topic(
        "family",
        "family mother father mom mum dad brother sister parents son daughter wife husband children "
        "child baby grandmother grandfather grandma grandpa uncle aunt cousin kids married brothers "
        "sisters",
        easy=(
            "How many people are in your family?",
            "What do you do together at home?",
            "Who in your family makes you laugh?",
            "When do you see your family?",
            "What is your mother like?",
        ),
        natural=(
            "Who in your family are you closest to?",
            "What did your family do together when you were small?",
            "Which family tradition do you enjoy most?",
            "What's the best advice anyone in your family gave you?",
            "In what way are you like your parents?",
        ),
        deep=(
            "Do you think we choose who we become, or do our families choose for us?",
            "How has the idea of a family changed since your grandparents' time?",
            "What would you want to pass on to the next generation?",
            "When is it right to go against what your family expects?",
        ),
        say_easy=("Family is very important.", "It is nice to hear about family."),
        say_natural=(
            "Families always have the best stories.",
            "It's lovely to hear about the people around you.",
        ),
        say_deep=(
            "Family ties can hold us up and tie us down at the same time.",
            "We all take after someone, whether we own up to it or not.",
        ),
        idiom=("to run in the family", "to be shared by many people in a family"),
    ),
    topic(
        "home",
        "home house flat apartment room bedroom garden furniture clean cleaning neighbour neighbor floor "
        "window bed sofa balcony live",
        easy=(
            "What does your home look like?",
            "Which room do you like best?",
            "What do you see from your window?",
            "Who lives with you?",
        ),
        natural=(
            "What makes your place feel like home?",
            "What would you change about your home if money didn't matter?",
            "What are your neighbours like?",
            "Where do you go at home when you want some peace?",
        ),
        deep=(
            "Is home a place, or is it really the people in it?",
            "How do you think the rooms we live in shape the way we think?",
            "Why do you suppose so many people are drawn back to where they grew up?",
            "Will owning a home still matter to people in fifty years?",
        ),
        say_easy=("A home is a special place.", "I like to hear about homes."),
        say_natural=(
            "There's nothing like your own front door.",
            "You can tell a lot about people from their homes.",
        ),
        say_deep=(
            "They say home is where the heart is, though the rent usually has a say in it too.",
            "Settling into a place takes longer than moving into it.",
        ),
        idiom=("to feel at home", "to feel relaxed and comfortable"),
    ),
    topic(
        "work",
        "work job office boss company business working worked colleague colleagues meeting career salary "
        "engineer doctor nurse driver manager programmer customer project lawyer teacher developer "
        "artist waiter",
        easy=(
            "What do you do at work?",
            "When do you start work?",
            "Who do you work with?",
            "What is difficult in your job?",
        ),
        natural=(
            "What does a normal working day look like for you?",
            "What's the most satisfying part of what you do?",
            "What did you want to be when you were a child?",
            "How do you switch off after a long day?",
            "Would you rather work from home or in an office?",
        ),
        deep=(
            "Would you still work if you never needed the money again?",
            "How far should our work define who we are?",
            "Which part of your job could a machine never take over?",
            "What would it take for you to walk away from a career and start over?",
        ),
        say_easy=("Work can be hard sometimes.", "You do a lot every day!"),
        say_natural=("Work takes up so much of our lives.", "Every job has its good days and its bad days."),
        say_deep=(
            "We spend a third of our lives working, so it had better add up to something.",
            "There's a fine line between being driven and being burnt out.",
        ),
        idiom=("to call it a day", "to stop working and go home"),
    ),
    topic(
        "school",
        "school study studying studied university class student exam exams homework college lesson "
        "lessons maths math history science teacher test grade professor classmates",
        easy=(
            "What do you study?",
            "Which lesson do you like best?",
            "What is your teacher like?",
            "How do you go to school?",
        ),
        natural=(
            "Which subject did you find the most interesting, and why?",
            "Which teacher has influenced you the most?",
            "How do you get ready for an important exam?",
            "What do you wish schools taught but don't?",
        ),
        deep=(
            "Do exams measure what people know, or only how well they take exams?",
            "What's worth learning by heart now that everything can be looked up?",
            "How would you shake up the school system if it were up to you?",
            "Is university still worth it, all things considered?",
        ),
        say_easy=("Learning new things is fun.", "Students work very hard!"),
        say_natural=(
            "A good teacher really can change a life.",
            "Studying is easier when the subject grabs you.",
        ),
        say_deep=(
            "Education is what's left when you've forgotten everything you crammed for.",
            "Picking things up is easy; making them stick is the real art.",
        ),
        idiom=("to learn the ropes", "to learn how something is done"),
    ),
    topic(
        "health",
        "health healthy sick ill doctor hospital headache pain sleep slept tired medicine exercise gym "
        "diet cold fever cough hurts hurt stomach",
        easy=(
            "How do you feel now?",
            "How many hours do you sleep?",
            "What do you do to stay healthy?",
            "What do you drink when you are ill?",
        ),
        natural=(
            "What do you do when you need to rest?",
            "What helps you sleep well at night?",
            "Which healthy habit would you like to start?",
            "What do people in your country do when they catch a cold?",
        ),
        deep=(
            "Do we worry too much about our health these days, or not enough?",
            "Whose job is it to keep us healthy: our own, or society's?",
            "Why is it so hard to stick to habits that we know are good for us?",
            "How do you wind down when your head won't stop spinning?",
        ),
        say_easy=("Rest is very important.", "Your health comes first."),
        say_natural=("Looking after yourself isn't a luxury.", "Our bodies usually tell us what they need."),
        say_deep=(
            "We tend to take our health for granted until it lets us down.",
            "Running on empty catches up with everyone sooner or later.",
        ),
        idiom=("under the weather", "a little ill"),
    ),
    topic(
        "feelings",
        "feel feeling happy sad angry bored lonely nervous excited worried afraid stress stressed love "
        "life scared upset dream dreams",
        easy=(
            "What makes you happy?",
            "Who do you talk to when you are sad?",
            "What do you do when you are bored?",
            "What is one good thing from today?",
        ),
        natural=(
            "What usually cheers you up?",
            "What's something small that made you smile this week?",
            "How do you calm down when things get too much?",
            "What are you looking forward to at the moment?",
        ),
        deep=(
            "Do you think happiness is something we find or something we build?",
            "Is it better to bottle feelings up now and then, or always to speak out?",
            "What has a difficult time taught you that an easy one couldn't?",
            "How well do you think we really know our own minds?",
        ),
        say_easy=("Thank you for telling me.", "It is good to talk about feelings."),
        say_natural=("It's good to put feelings into words.", "Thanks for being so open with me."),
        say_deep=(
            "Naming a feeling is half the battle, and in a second language it's no mean feat.",
            "We all have our ups and downs, even if some of us hide them better.",
        ),
        idiom=("to be over the moon", "to be very happy"),
    ),
)
