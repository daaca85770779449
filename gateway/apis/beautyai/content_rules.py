"""What the content filter looks for: patterns by subject, in English and Arabic.

Whole words only, and the words around them: a rule names a request, not a word, so that bath bombs, life
hacks, glue guns and killing time pass. The text is normalised first (see content_filter): lower case,
straight apostrophes, and in Arabic bare alefs, ه for ة and ي for ى.
"""

_ASK = (
    r"(?:how (?:do|can|could|would|should|to)(?: (?:i|we|you|one))?|(?:ways?|steps?|instructions|recipe|"
    r"guide|plans?|tutorial) (?:to|for|on)|(?:teach|show|tell) me (?:how )?(?:to )?|help me(?: to)?|"
    r"(?:can|could|will) you)"
)
_WANT = rf"(?:{_ASK}|i (?:want|need|plan|would like) to|i'm going to)"
_PERSON = (
    r"(?:wife|husband|girlfriend|boyfriend|mother|father|mom|mum|dad|brother|sister|parents?|family|"
    r"neighbou?rs?|teacher|person|people|human being|man|woman|child|children|kids?|baby|someone|somebody|"
    r"classmates?|colleagues?|strangers?)"
)
_MAKE = r"(?:make|making|build|building|cook|cooking|synthesi[sz]e|produce|assemble|manufacture)"
_END = r"(?=$|[?.!,;]| (?:at|from|with|that|out|using|to|and|in|for|on|online|without|near|il?legally)\b)"
_PLAY = (
    r"(?: (?:in|for) (?:\w+ ){0,2}(?:games?|gta|sims|minecraft|roblox|fortnite|among us|skyrim|chess|dream|"
    r"story|novel|film|movie|book|play)\b)"
)
_OWNED = r"(?:my|his|her|their|your|the|an?|this|someone's|somebody's|\w+'s)"

_ASK_AR = (
    r"(?:كيف(?: يمكنني| يمكن| استطيع| اقدر| لي ان)?|طريقه|طرق|خطوات|علمني(?: كيف)?|ساعدني(?: في| علي| كي)?)"
)
_MAKE_AR = r"(?:اصنع|صنع|صناعه|تصنيع|اعمل|عمل|اسوي|اركب|تركيب|احضر|تحضير|اطبخ|طبخ)"

HARMFUL: tuple[tuple[str, str], ...] = (
    (
        "violence",
        rf"{_WANT} (?:{_MAKE}|plant|set off|detonate) (?:an? |the |some )?"
        r"(?:(?:pipe|nail|dirty|car|petrol|pressure cooker|home ?made|nuclear) )?"
        r"(?:bombs?|explosives?|ieds?|grenades?|molotov(?: cocktails?)?)"
        rf"{_END}(?!{_PLAY})",
    ),
    (
        "violence",
        rf"{_ASK} (?:kill|murder|poison|strangle|assassinate) (?:(?:my|an?|the|some|another) )?{_PERSON}"
        rf"(?!'s|\w| (?:with kindness|process(?:es)?|hairs?|tasks?|threads?)|{_PLAY})",
    ),
    ("violence", rf"{_ASK} rape (?:(?:my|an?|the) )?(?:girl|him|her|{_PERSON})"),
    (
        "violence",
        r"(?:hire|find me|looking for) an? (?:hit ?man|contract killer|assassin)"
        r"(?!'s| (?:costume|outfit|game|movie|film|class|build))",
    ),
    ("violence", rf"{_WANT} {_MAKE} (?:some )?(?:ricin|sarin|nerve (?:gas|agent)|mustard gas|anthrax)"),
    (
        "violence",
        r"(?:plan|planning|commit|carry out) an? (?:terrorist attack|mass shooting|school shooting)",
    ),
    ("violence", rf"throw(?:ing)? acid (?:on|at|in) (?:(?:my|an?|the|her|his) )?(?:face|her|him|{_PERSON})"),
    (
        "drugs",
        rf"{_WANT} {_MAKE} (?:some )?(?:crystal )?(?:meth|methamphetamine|heroin|cocaine|fentanyl|mdma|lsd)",
    ),
    (
        "self-harm",
        rf"{_ASK} (?:kill myself|hang myself|end my (?:own )?life(?! (?:of|as|insurance))|commit suicide|"
        r"die painlessly)",
    ),
    (
        "self-harm",
        r"(?:painless|easiest|best|quickest) "
        r"(?:suicide|way to (?:commit suicide|kill myself|die(?=$|[?.!,])))",
    ),
    ("abuse", r"(?:child|kiddie|underage|preteen) (?:porn|pornography|erotica)"),
    (
        "abuse",
        r"(?:nudes?|naked|sexual|sexy|pornographic) (?:photos?|pictures?|pics|videos?|images?|stor(?:y|ies)) "
        r"(?:of|about|with) (?:an? |some )?(?:child|children|minors?|kids?|underage)",
    ),
    (
        "abuse",
        r"(?:have|having|want) sex with (?:an? )?(?:child|children|minors?|kids?|underage)"
        r"(?! (?:in|around|at|asleep|next))",
    ),
    (
        "violence",
        rf"{_ASK_AR} {_MAKE_AR} (?:ال)?(?:قنبله|قنابل|متفجرات|عبوه ناسفه|عبوات ناسفه|حزام ناسف)"
        r"(?=$|[؟?.!،,]| (?:في|من|يدويه|منزليه|موقوته|حارقه|نوويه|بدون|داخل)(?! (?:ال)?شوكولا))",
    ),
    (
        "violence",
        rf"{_ASK_AR} (?:اقتل|قتل|اسمم|تسميم|اغتال|اغتيال|اغتصب|اغتصاب) "
        r"(?:ال)?(?:شخص|شخصا|انسان|انسانا|زوجتي|زوجي|امي|ابي|اخي|اختي|جاري|احدا|احدهم|ناس|امراه|"
        r"رجل|طفل|فتاه)",
    ),
    ("violence", r"(?:استاجر|استئجار|توظيف) قاتل(?: ماجور| محترف)?"),
    ("violence", r"(?:تنفيذ|اخطط ل|تخطيط) (?:هجوم|عمليه) ارهابي(?:ه)?"),
    ("drugs", rf"{_ASK_AR} {_MAKE_AR} (?:ال)?(?:ميث|شبو|هيروين|كوكايين|كبتاجون|مخدرات)"),
    (
        "self-harm",
        r"(?:كيف|طريقه|طرق|اسهل طريقه|افضل طريقه) (?:انتحر|انتحار|الانتحار|للانتحار|اقتل نفسي|اشنق نفسي)",
    ),
    (
        "abuse",
        r"(?:صور|فيديو|افلام|مقاطع) (?:اباحيه|جنسيه|عاريه) (?:لل|ل)?(?:ال)?(?:اطفال|طفل|طفله|قاصرات|قاصرين)",
    ),
    ("abuse", r"(?:الجنس|علاقه جنسيه) مع (?:ال)?(?:اطفال|طفل|طفله|قاصر|قاصرات)"),
)
"""Blocked at every strictness but "disabled": a request to hurt somebody."""

_POLITICIAN = (
    r"(?:president|prime minister|government|parliament|politics|politicians|trump|biden|putin|obama)"
)
_GUN = (
    r"(?:guns?|handguns?|pistols?|rifles?|firearms?|shotguns?|machine guns?|ammunition|ammo|silencers?|"
    r"ak-?47s?)"
)
_HACKED = (
    r"(?:accounts?|wi-?fi|phones?|facebook|instagram|whatsapp|snapchat|passwords?|websites?|servers?|"
    r"computers?|laptops?|emails?|gmail|bank|networks?)"
)
_DRUG = r"(?:weed|cannabis|marijuana|cocaine|heroin|ecstasy|mdma|lsd|meth|magic mushrooms)"

FOREIGN: tuple[tuple[str, str], ...] = (
    (
        "politics",
        r"whom? (?:should|will|would|did|do) (?:i|you|we|people) vote for"
        r"(?! (?:in|on|at) (?:\w+ ){0,2}(?:talent|show|contest|class|eurovision|competition|poll))",
    ),
    ("politics", r"(?:presidential|parliamentary|congressional|general|midterm|federal|local) elections?"),
    (
        "politics",
        r"(?<!council )(?<!class )(?<!school )election (?:results?|campaigns?|fraud|polls?|candidates?)",
    ),
    ("politics", r"vot(?:e|ed|ing) for (?:the )?(?:trump|biden|harris|obama|labour|republicans?|democrats?)"),
    (
        "politics",
        r"(?:your (?:opinions?|views?|thoughts) (?:on|of|about)|what do you think (?:of|about)|"
        rf"do you (?:support|vote for)) (?:the )?(?:current |new |american |french |"
        rf"british )?{_POLITICIAN}(?!'s| of (?:the|our|my|your)\b)",
    ),
    ("politics", r"political (?:party|parties|campaigns?|candidates?|propaganda)"),
    ("gambling", r"(?:online|sports?|football|horse) (?:betting|gambling|casinos?)"),
    ("gambling", r"(?:casino|betting|gambling) (?:sites?|apps?|tips?|strategy|strategies|bonus(?:es)?|odds)"),
    (
        "gambling",
        r"(?:win|winning|cheat|cheating) (?:money )?(?:at|in|on) (?:the )?(?:roulette|blackjack|"
        r"slots|casino)",
    ),
    ("gambling", r"(?:place|placing) (?:an? |my |some )?bets?(?! that)"),
    (
        "gambling",
        r"(?:bet|betting|wager) (?:(?:some |my )?money |\d+ (?:dollars|euros|pounds|riyals|dirhams) )?"
        r"on (?:the |an? )?(?:match|games?|race|horses?|football|fight)",
    ),
    (
        "weapons",
        rf"(?:buy|buying|purchase|order|sell|smuggle|get|3d[- ]print|build) (?:me )?(?:an? |some )?"
        rf"(?:illegal |unregistered |cheap )?{_GUN}{_END}(?! for (?:glue|paint|hot glue)|{_PLAY})",
    ),
    ("weapons", r"assault rifles?"),
    ("weapons", rf"(?:load|shoot|clean|fire|aim|conceal) an? {_GUN}{_END}(?!{_PLAY})"),
    ("hacking", rf"(?:{_WANT}|to) hack (?:into )?(?:{_OWNED} (?:\w+(?:'s)? ){{0,2}})?{_HACKED}{_END}"),
    ("hacking", rf"{_WANT} (?:crack|steal|guess) {_OWNED} (?:\w+(?:'s)? ){{0,2}}passwords?"),
    (
        "hacking",
        rf"(?:^|{_WANT} |please )(?:write|create|make|build|code|send) (?:me )?(?:an? |some )?"
        r"(?:malware|ransomware|spyware|keyloggers?|computer virus(?:es)?|trojan(?! horse)|botnet|"
        r"phishing (?:emails?|pages?|sites?|kits?))",
    ),
    ("hacking", rf"(?:^|{_WANT} |please )(?:launch|start|run) an? (?:ddos|denial of service)(?: attack)?"),
    (
        "drugs",
        rf"(?:buy|buying|sell|selling|smuggle|order) (?:me )?(?:some |a gram of |an ounce of )?{_DRUG}"
        r"(?! ?(?:killer|out|wh?acker|control|barrier|mat|puller|(?:seed )?(?:oil|cream)|seeds?))",
    ),
    (
        "sexual content",
        r"(?:watch|find|send|show|make|recommend|download)(?: me)? (?:some )?(?:porn|pornography)",
    ),
    (
        "sexual content",
        r"(?<!same-)(?<!same )(?:xxx|sex|porn) (?:videos?|tapes?|movies?|sites?|chat|stories)",
    ),
    (
        "sexual content",
        r"(?:write|tell)(?: me)? (?:an? )?(?:erotic|pornographic) (?:story|stories|scene|roleplay)",
    ),
    ("politics", r"(?:لمن|من) (?:اصوت|ساصوت|تصوت|نصوت)(?! في (?:ال)?(?:برنامج|مسابقه|حفل))"),
    ("politics", r"(?:ال)?انتخابات (?:ال)?(?:رئاسيه|برلمانيه|نيابيه|تشريعيه|محليه|بلديه)"),
    ("politics", r"نتائج الانتخابات"),
    (
        "politics",
        r"رايك (?:في |ب)(?:ال)?(?:سياسه|حكومه|رئيس|انتخابات|برلمان|حزب)(?! (?:ال)?(?:قسم|شركه|عياده))",
    ),
    ("politics", r"(?:ال)?(?:حزب|احزاب) (?:ال)?(?:حاكم|سياسي|سياسيه|معارض|معارضه)"),
    ("gambling", r"(?:العب|اربح|اكسب|الربح|الفوز) (?:في |من |علي )?(?:ال)?(?:قمار|كازينو|روليت|مراهنات)"),
    ("gambling", r"(?:موقع|مواقع|تطبيق|افضل) (?:ال)?(?:مراهنات|قمار|كازينو|رهان)"),
    ("gambling", r"(?:ال)?مراهنات (?:ال)?(?:رياضيه|كره)"),
    (
        "weapons",
        r"(?:اشتري|شراء|ابيع|بيع|تهريب|صنع|اصنع|تصنيع) (?:ال)?(?:سلاح|سلاحا|اسلحه|مسدس|مسدسا|بندقيه|"
        r"رشاش|ذخيره|كلاشنكوف)(?! (?:ماء|مائي|مساج|شمع|غراء|لعبه|تدليك))",
    ),
    (
        "hacking",
        r"(?<!تم )(?:اخترق|اختراق|تهكير|اهكر) (?:ال)?(?:حساب|حسابات|واي ?فاي|هاتف|جوال|موقع|مواقع|شبكه|"
        r"انستغرام|انستقرام|فيسبوك|واتساب|سناب|بريد|كمبيوتر)",
    ),
    (
        "drugs",
        r"(?:اشتري|شراء|ابيع|بيع|تهريب|الحصول علي) (?:ال)?(?:حشيش(?! (?:لل|صناعي|طبيعي|جاف))|"
        r"كوكايين|هيروين|مخدرات|ماريجوانا|كبتاجون)",
    ),
    ("sexual content", r"(?:افلام|مقاطع|صور|فيديوهات|مواقع) (?:اباحيه|جنسيه|سكس)"),
)
"""Blocked from "balanced" on: a request about a sensitive subject that is plainly not ours."""

DOMAIN_EN = (
    r"(?:skin|skincare|face|faces|facials?|facelift|hair|hairs|haircut|hairline|nails?|lips?|"
    r"lipstick|eyelids?|"
    r"eyebrows?|brows|eyelash(?:es)?|lashes|forehead|chin|jawline|cheeks?|neckline|wrinkles?|acne|pimples?|"
    r"blackheads?|scars?|scarring|pores?|dark circles|eye bags|botox|botulinum|fillers?|hyaluronic|"
    r"laser|peels?|"
    r"peeling|micro-?needling|mesotherapy|prp|liposuction|lipo|rhinoplasty|nose job|tummy tuck|"
    r"breasts?|implants?|"
    r"dermatolog(?:y|ists?)|dermal|cosmetics?|cosmetolog(?:y|ist)|beauty|beautiful|make-?up|mascara|eyeliner|"
    r"concealer|moisturi[sz](?:er|ers|ing|e)|sunscreen|spf|serums?|toner|cleansers?|retinol|retinoids?|"
    r"niacinamide|glycolic|salicylic|collagen|vitamin c|cellulite|stretch marks|rosacea|melasma|"
    r"eczema|psoriasis|"
    r"pigmentation|hyperpigmentation|freckles|moles?|warts?|whitening|brightening|anti-?ag(?:e|ing)|clinics?|"
    r"plastic surge(?:ry|ons?)|surge(?:ry|on)|aesthetics?|spa|salon|perfumes?|manicures?|pedicures?|"
    r"shampoos?|"
    r"dandruff|baldness|waxing|epilation|tan|tanning|massage|creams?|lotions?|masks?|complexion|glow(?:ing)?)"
)
DOMAIN_AR = (
    r"(?:و|ف)?(?:ب|ل|ك)?(?:ال|ل)?(?:بشره|بشرت|جلد|جلديه|شعر|وجه|شفاه|شفايف|شفاهي|جفون|رموش|حواجب|"
    r"اظافر|تجاعيد|"
    r"حبوب|حب الشباب|ندوب|ندبات|ندبه|مسام|مسامات|هالات|بوتوكس|بوتكس|فيلر|هيالورونيك|ليزر|تقشير|ميزوثيرابي|"
    r"بلازما|شفط|تجميل|تجميليه|جمال|مكياج|ميك اب|كريم|كريمات|مرطب|مرطبات|واقي الشمس|سيروم|ريتينول|كولاجين|"
    r"سيلوليت|تصبغات|تصبغ|كلف|نمش|اكزيما|صدفيه|قشره|صلع|عياده|عطر|شامبو|تفتيح|تبييض|نضاره|ماسك|مساج|شد|سمره)"
    r"(?:ي|ك|ه|ها|نا|هم|ات|تي|تك)?"
)
COURTESY_EN = (
    r"(?:hello|hi|hey|welcome|good (?:morning|afternoon|evening|day|night)|thanks?(?: you)?(?: (?:so|"
    r"very) much)?|"
    r"thx|please|good ?bye|bye|see you(?: (?:soon|later|tomorrow))?|"
    r"how are you(?: (?:doing|today))*|nice to meet you|okay|ok|yes|no|great|perfect|there|doctor|again|"
    r"(?:i'm|i am) (?:fine|good|well)|my name is \w+(?: \w+)?)"
)
COURTESY_AR = (
    r"(?:مرحبا|اهلا(?: وسهلا| بك)?|هلا|السلام عليكم(?: ورحمه الله)?(?: وبركاته)?|وعليكم السلام|"
    r"صباح (?:الخير|النور)|"
    r"مساء (?:الخير|النور)|شكرا(?: جزيلا| لك| لكم)*|كيف حالك|كيف الحال|مع السلامه|الي اللقاء|نعم|لا|"
    r"حسنا|تمام|من فضلك|"
    r"يا? ?دكتور(?:ه)?|انا بخير|اسمي \w+)"
)
