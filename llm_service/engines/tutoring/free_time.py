"""Topics of free time: music, films, sports, pets, hobbies, books, friends."""

from llm_service.engines.tutoring.topic import topic

TOPICS = (
    topic(
        "music",
        "music song songs sing singing band guitar piano concert listen dance dancing singer violin "
        "drums jazz rock",
        easy=(
            "What music do you like?",
            "Who is your favourite singer?",
            "When do you listen to music?",
            "Do you play music or sing?",
        ),
        natural=(
            "What kind of music puts you in a good mood?",
            "What was the best concert you've been to, or dream of going to?",
            "Which song brings back memories for you?",
            "If you could play any instrument, which would you choose?",
        ),
        deep=(
            "Why do you think a song can move us even when we don't understand a word?",
            "Has streaming music on demand made us listen more, or less?",
            "Can you separate a musician's work from the way they live?",
            "What would the soundtrack of your last year sound like?",
        ),
        say_easy=("Music makes people happy.", "A good song is like a friend."),
        say_natural=(
            "Music is a wonderful way to learn a language too.",
            "The right song can change a whole day.",
        ),
        say_deep=(
            "A good tune gets under your skin long before you work out why.",
            "Tastes differ, but everyone has a song that stops them in their tracks.",
        ),
        idiom=("music to my ears", "something I'm very glad to hear"),
    ),
    topic(
        "films",
        "film films movie movies cinema actor actress watch watching watched series television tv "
        "netflix show comedy cartoon horror",
        easy=(
            "What films do you like?",
            "Who do you watch films with?",
            "What is a very funny film?",
            "Who is your favourite actor?",
        ),
        natural=(
            "What's the last film or series you really got into?",
            "Which film could you watch again and again?",
            "Do you prefer the cinema or your own sofa, and why?",
            "If your life were a film, who would play you?",
        ),
        deep=(
            "Which film changed the way you look at something?",
            "Do you think violent films make people tougher, or number?",
            "Why do we fall for stories when we know perfectly well they're made up?",
            "Should a film stay true to the book, or is it fair to tear it up?",
        ),
        say_easy=("Films are good for your English.", "I like stories very much."),
        say_natural=("Watching films in English is great practice.", "A good story stays with you for days."),
        say_deep=(
            "The best films creep up on you days after the credits have rolled.",
            "Some films live up to the hype, and others fall flat on their faces.",
        ),
        idiom=("to steal the show", "to get more attention than anyone else"),
    ),
    topic(
        "sports",
        "sport sports football soccer tennis basketball swim swimming run running team match game play "
        "played playing ball player running volleyball cricket bike cycling chess yoga",
        easy=(
            "What sport do you like?",
            "How often do you do sport?",
            "Which team do you like?",
            "Where do you like to walk or run?",
        ),
        natural=(
            "What do you enjoy most about sport?",
            "Do you prefer playing or watching, and why?",
            "What's the most exciting match you remember?",
            "Which sport would you like to try one day?",
        ),
        deep=(
            "What can sport teach us that a classroom can't?",
            "Has money taken the soul out of sport, would you say?",
            "Is it talent or sheer hard work that sets champions apart?",
            "Why do we get so worked up about a team of strangers?",
        ),
        say_easy=("Sport is good for you.", "Sport is fun with friends."),
        say_natural=(
            "Moving your body clears your head as well.",
            "Team sports teach you a lot about people.",
        ),
        say_deep=(
            "Winning is sweet, but bouncing back after a defeat is what counts.",
            "Sport has a way of bringing out the best and the worst in us.",
        ),
        idiom=("the ball is in your court", "it's your turn to decide"),
    ),
    topic(
        "pets",
        "dog dogs cat cats pet pets animal animals bird birds horse rabbit fish puppy kitten hamster "
        "lion elephant",
        easy=(
            "What animal do you like best?",
            "What colour is your favourite animal?",
            "What do pets like to eat?",
            "Where do you see animals?",
        ),
        natural=(
            "What do you think animals can teach us?",
            "What's the funniest thing you've seen an animal do?",
            "Are you more of a cat person or a dog person?",
            "Which wild animal would you love to see up close?",
        ),
        deep=(
            "Do you believe animals have feelings the way we do?",
            "Where would you draw the line between keeping animals and using them?",
            "Why do some people open up to a pet more easily than to a person?",
            "What would our cities be like if animals had a say in them?",
        ),
        say_easy=("Animals are good friends.", "I think animals are lovely."),
        say_natural=("Animals have such big personalities.", "A pet can really brighten up a home."),
        say_deep=(
            "Animals see straight through us, and put up with us all the same.",
            "They ask for little and give back a great deal.",
        ),
        idiom=("to let the cat out of the bag", "to tell a secret by accident"),
    ),
    topic(
        "hobbies",
        "hobby hobbies free paint painting draw drawing photo photography gardening collect fishing "
        "knitting camera games gaming relax hiking",
        easy=(
            "What do you do in your free time?",
            "What new hobby do you want to try?",
            "What do you do on Sunday?",
            "What can you make with your hands?",
        ),
        natural=(
            "How did you get into your favourite hobby?",
            "What could you happily do for hours?",
            "What would you do if you had one more free day each week?",
            "What's something you've always wanted to learn?",
        ),
        deep=(
            "Does everything we do have to be useful, or is there value in just messing about?",
            "What makes time fly for you, and why do you think that is?",
            "Would turning a hobby into a job spoil it for you?",
            "Have screens crowded out the things we used to do with our hands?",
        ),
        say_easy=("Free time is very important.", "Hobbies are so much fun."),
        say_natural=(
            "It's great to have something just for yourself.",
            "Hobbies show what people really enjoy.",
        ),
        say_deep=(
            "Losing track of time is the surest sign that you've found your thing.",
            "There's a lot to be said for doing something badly and loving it.",
        ),
        idiom=("to be right up your street", "to be exactly the thing you like"),
    ),
    topic(
        "books",
        "book books read reading novel story stories library writer author poem magazine newspaper write "
        "writing comics",
        easy=(
            "What book do you like?",
            "When do you read?",
            "Do you like short or long stories?",
            "Where do you like to read?",
        ),
        natural=(
            "What's the best book you've read in the last year?",
            "Which character from a book would you like to meet?",
            "What did you love to read as a child?",
            "Do you prefer paper books or screens, and why?",
        ),
        deep=(
            "Can a novel change someone's mind where an argument can't?",
            "Is something always lost when a book is translated?",
            "Which book would you hand to someone who wants to understand your country?",
            "Are we losing the patience it takes to get through a long book?",
        ),
        say_easy=("Reading is great for your English.", "Books are full of new words."),
        say_natural=("Reading is the nicest way to pick up new words.", "A good book is hard to put down."),
        say_deep=(
            "The best books leave you reading between the lines long after the last page.",
            "A book you can't put down is a friend you haven't yet fallen out with.",
        ),
        idiom=("to read between the lines", "to understand what isn't said openly"),
    ),
    topic(
        "friends",
        "friend friends party friendship together boyfriend girlfriend meet people neighbours",
        easy=(
            "Who is your best friend?",
            "What do you do with your friends?",
            "Where do you meet your friends?",
            "What do you and your friends talk about?",
        ),
        natural=(
            "How did you meet your best friend?",
            "What makes someone a good friend, in your view?",
            "What do you and your friends always laugh about?",
            "Is it easy to make new friends where you live?",
        ),
        deep=(
            "Can you be close to someone whose opinions you can't stand?",
            "Do friendships fade because people change, or because nobody keeps them up?",
            "How many true friends does a person really need?",
            "Is a friend someone who tells you the truth or someone who takes your side?",
        ),
        say_easy=("Good friends are so important.", "It is nice to have friends."),
        say_natural=("Good friends make everything easier.", "Friends are the family we choose."),
        say_deep=(
            "It's the friends who stick around when things fall apart that count.",
            "You can drift apart for years and pick up exactly where you left off.",
        ),
        idiom=("to get on like a house on fire", "to become good friends very quickly"),
    ),
)
