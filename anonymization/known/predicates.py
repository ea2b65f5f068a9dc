"""What stands after the name of a person, and what before it, in the short language of charts.

`PERSONAL` fits persons alone and is enough for any word at the beginning of a clause ("stone missed her dose", "will
canceled"); `BROAD` fits things too and is enough for words that charts seldom use otherwise ("grace started metformin").
`CARED_FOR` comes before a person ("reviewed labs with", "voicemail for").
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re

from anonymization.lexicon import words

_FILLER = r"(?:(?:also|still|now|again|just|then|today|currently|recently|yesterday|never|always|usually|initially|reportedly) )?"
_ILLNESS = (
    r"(?:a |an |severe |chronic |worsening |new |known |hx of |history of |productive |dry )*(?:cough|fever|chills|headaches?|migraines?|chest pain|"
    r"cp|sob|shortness|dyspnea|nausea|n/v|vomiting|diarrhea|back pain|neck pain|knee pain|abd(?:ominal)?|uti|copd|chf|diabetes|dm2?|htn|"
    r"hypertension|asthma|rash|sore throat|depression|anxiety|dizziness|fatigue|insomnia|dementia|cancer|afib|ckd|cad)\b"
)

PERSONAL = re.compile(
    rf" {_FILLER}(?:"
    r"(?:cancell?ed|missed|misses|struggles|struggled|weighs|weighed|ambulates|ambulated|voids|voided|fainted|collapsed|underwent|"
    r"sleeps|slept|exercises|consumes|verbalized|verbalizes|rescheduled|requests|requested|attends|attended|drives|cries|cried|smiles|"
    r"complains|lives|works|worries|prefers|recalls|remembers|arrived|graduated|retired|married|vaccinated|instructed|educated|"
    r"notified|informed|counsell?ed|reassured|encouraged|accompanied|interviewed|consented|pleasant|ambulating|requesting|complaining)\b"
    r"|(?:here|alert|awake|aware|oriented|tearful|anxious|unresponsive|lethargic|febrile|afebrile|intubated|extubated|sedated) (?!ness)"
    r"|(?:here|alert|awake|aware)[.,;]?$"
    r"|no[ -]show|showed up|presents? (?:for|to)\b|presented (?:for|to)\b|dnka\b|s/p\b|(?:is|was) s/p\b|d/c'?e?d (?:home|to)|admitted\b|discharged (?:home|to)\b"
    r"|(?:seen|evaluated) (?:and|by|in (?:clinic|the (?:ed|er|office)|ed|er|office)|today|at (?:bedside|home))\b"
    r"|(?:is|was|has been|remains|been) (?:seen|evaluated|examined) (?:and|by|in (?:clinic|the (?:ed|er|office)|ed|er)|today|at (?:bedside|home))\b"
    r"|resting\b|sitting\b|lying\b|sleeping\b|eating\b|doing (?:well|ok|okay|better|fine|great|worse)|feeling\b|found (?:down|unresponsive|wandering|on the floor)"
    r"|(?:brought|came|comes|walked) in\b|up (?:in chair|ad lib|to date)|used to\b|would (?:like|prefer|rather)\b|(?:is |was )?(?:advised|told|asked|reminded|given|referred|started on|sent|seen|educated|instructed|transferred|admitted|discharged|brought|accompanied)(?: \w+)? (?:to|home|by|about|on|in clinic|tylenol|ibuprofen|rx|instructions)\b"
    r"|(?:can'?t|cannot|can not|couldn'?t|won'?t|wouldn'?t|doesn'?t|does not|didn'?t|did not) (?:sleep|want|like|feel|know|remember|think|eat|drink|smoke|take|tolerate|understand|come|see|hear|walk|speak|recall|have any|afford|show|work|drive|use)"
    r"|(?:has|have) (?:not )?been (?:having|doing|feeling|taking|using|seeing|living|working|trying|told|experiencing|smoking|drinking|sleeping|eating|well|sick|ill)\b"
    r"|continues to (?:have|be|feel|smoke|drink|do|take|complain|report|experience|improve clinically|deny)\b"
    r"|(?:needs|wants|requires) (?:a (?:refill|ride|note|letter|form|referral|follow|work)|refills?|his|her|their|labs?|help|assistance|an appointment|appt)\b"
    r"|(?:started|stopped|takes|took|taking|restarted|resumed|ran out of|on|uses|used|quit) (?:his|her|their|taking|smoking|drinking)\b"
    r"|(?:did|doing|does) (?:well|fine|ok|okay|not sleep)|(?:to|will) (?:follow[ -]?up|f/u|call|return|rtc|schedule|see|continue|start|stop|take|have) |to (?:f/u|rtc)\b"
    r"|and (?:his|her|their) (?:wife|husband|mother|father|mom|dad|son|daughter|family|spouse|partner|sister|brother|parents?|children|caregiver)\b"
    rf"|with {_ILLNESS}|w/ {_ILLNESS}|p/w\b|c/o\b|x\d+ (?:yo|y/o)|(?:is|was) an? (?:very |\w+ly )?(?:pleasant|nice|lovely|healthy|\d{{1,3}}|patient|man|woman|male|female|boy|girl|smoker|teacher|student|retired|poor historian)\b"
    r"|(?:is|was) (?:not )?(?:able|unable|here|upset|anxious|tearful|agreeable|amenable|willing|doing|feeling|taking|married|single|divorced|widowed|retired|unemployed|concerned|aware|asking|interested|worried|alert|pregnant|allergic|a\+o|aox\d)\b"
    r"|received (?:the |his |her |a )?(?:flu|covid|tdap|tetanus|vaccine|shot|fluids|first|second|booster|education|instructions)\b"
    r"|has no (?:new |other |further )?(?:complaints?|questions?|concerns?|allergies|symptoms|pain)\b|has not (?:taken|been|had|slept|eaten|seen|yet|felt|noticed|tried|missed)\b"
    rf"|(?:has|had) (?:an? )?(?:history|hx|pmh|appointment|appt|(?:new |recent |mild |ongoing )?{_ILLNESS})|(?:is|was) in (?:no |mild |moderate )?(?:acute )?(?:distress|nad|pain\b|bed\b|chair\b)|(?:is )?nad\b"
    r"|(?:is|was) (?:currently |still |now |also )?(?:taking|using|having|living|working|smoking|drinking|trying|asking|complaining|reporting|waiting|sitting|lying|eating|sleeping|walking|talking|crying|recovering)\b"
    r"|(?:is|was|seems?|seemed|appears?|appeared|looks?|looked|feels?|felt) (?:very |so |quite |a bit |a little |more |less |much |generally )?(?:tearful|anxious|upset|happy|sad|well\b|ill\b|unwell|tired|pale|comfortable|uncomfortable|confused|depressed|fatigued|weak\b|better\b|worse\b|nervous|relieved|frustrated|angry|sleepy|drowsy|calm|cooperative|dizzy|fine\b|ok\b|great\b|good\b|hungry|thirsty|safe\b|stressed|worried)"
    r"|(?:is|was) (?:re)?(?:admitted|hospitalized|intubated|discharged|transferred|prescribed|diagnosed|vaccinated|started on|found (?:down|on|to be|unresponsive|by)|hit by|involved in|born|last seen)\b"
    r"|fell\b|moved (?:here|in|to|from|back)\b|woke (?:up|with)|got (?:up|out|married|dizzy|sick)|went (?:to|home|back|for)\b"
    r"|\((?:pt|patient|daughter|son|wife|husband|mother|father|mom|dad|sister|brother|spouse|partner|friend|caregiver|poa|hcp|proxy|self|dob|mrn)\b"
    r"|(?:tolerating|refusing|crying|asking|requesting|denying|ambulating|taking|drinking|smoking|vomiting|coughing|yelling|screaming|wheezing|smiling|laughing|talking|waiting|calling|wanting|reporting)\b"
    r"|(?:in|back) for\b|in (?:room|rm|bed|clinic|er|ed|icu|waiting)\b|seen (?:w/?|with) (?:an? )?(?:interpreter|family|mom|mother|wife|husband|daughter|son|student)|seen for\b|and (?:i|we)\b"
    r"|turned \d\d\b|seems to (?:be|have|feel|think)|had no (?:complaints?|concerns?|questions?)|(?:is|was) (?:not )?(?:home|wheelchair|bedbound|homebound|hard of|full code|dnr|frustrated|\d+ (?:days|weeks|months) post)|(?:would|will|did|does) not (?:let|allow|permit|open|answer)"
    r"|or (?:his|her|their)\b|nkd?a\b|recently (?:lost|had|moved|started|saw|got|went|was)|never (?:had|took|picked|went|got|saw|smoked|came)"
    r"|(?:is|was) (?:up to date|due for|an? (?:former|current|never|heavy|social|daily)|interested|not interested|last here|lost to follow|status post)|(?:has|had) (?:been|lost|gained|trouble|difficulty|labs|surgery|an? (?:stroke|mi|seizure|fall|baby|surgery)|(?:\d|two|three|four) (?:kids|children))\b"
    r"|tested (?:positive|negative)|denies|denied|states|stated|reports|reported|says|said|endorses|endorsed|c/o"
    r")"
)
BROAD = re.compile(
    rf" {_FILLER}(?:(?!need\b|feed\b|bleed\b|proceed\b|exceed\b|succeed\b|red\b|bed\b|med\b|shed\b|based\b)[a-z]{{2,}}(?:[b-df-z]ed|ied|eed\b(?<=agreed))\b"
    r"|is|was|has|had|remains?|continues|received|underwent|needs|gets|got|went|came|did|does|feels|felt|took|takes|given|seen|"
    r"can'?t|cannot|won'?t|would|could|doesn'?t|didn'?t|hasn'?t|isn'?t|wasn'?t|and|with|w/|to|on|up|down|at|who|here|not|for)\b"
)
CARED_FOR = re.compile(
    r"(?:\b(?:spoke|talk(?:ed|ing)?|discuss(?:ed|ion)?|review(?:ed)?|follow(?:ed)?[ -]?up|met|meeting|conference|call(?:ed)?|visit|shared|went over|left|msg|message|vm|"
    r"appointment|appt|session|plan|discharge|consult(?:ed)?|interview|counsel(?:l?ed|ing)|conversation)|f/u)(?: [\w']+){0,4}? (?:with|w/?) ?$|\bd/w ?$"
    r"|\b(?:voicemail|vm|message|letter|rx|scripts?|prescriptions?|refills?|instructions|results|given|sent|mailed|faxed|provided|explained|offered|"
    r"handed|form|note|referral|appointment|appt|order|orders|education|return(?:ed)? call|call|called in|thanks?|thank you)(?: [\w']+){0,3}? (?:for|to) $"
    r"|\b(?:obtained|signed|provided|given|reported|requested|completed|brought in|message|call|hx|history|consent|information|per|received)(?: [\w']+){0,2}? (?:from|by|per) $"
    r"|\b(?:seeing|referring|examining|evaluating|treating|meeting|caring for|following|involving|assisting|helping|interviewing|admitting|discharging|"
    r"care of|exam of|examination of|evaluation of|behalf of|i saw|we saw|saw|i called|called|i see|i met|i examined|greeted|visited|texted|paged|dear|please (?:call|see|schedule|contact|notify|remind|ask|tell|refer|help)|(?:will|to|can|should|would|please|must) (?:call|contact|notify|remind|ask|tell|refer|schedule|"
    r"inform|phone|text|invite|counsel|educate)|(?:have|has|had|i|we) (?:advised|asked|told|informed|reminded|referred|encouraged|explained to)|explained to|last seen|(?:will|to) see|have|about|agrees? with|concerned (?:about|that|for)|worried (?:about|for)|gave|showed|offered|wrote|let|encouraged|helped|taught|"
    r"(?:family|chart|parents|records?|mother|daughter|son|wife|husband) of|regarding|saw) $"
)
NEXT_TO_OBJECT = words(
    "next last no as re w regarding the in at on today this who his her and or but to for by via over about after "
    "before when while with from back come will a how know some updated reviewed with to yesterday tomorrow tonight again now here privately also not she "
    "he they we i per prior if that because during"
)
