"""Everyday words of triage notes, and whether a text reads as English at all."""

from __future__ import annotations

from collections.abc import Iterable, Set

from cds_service.safety.lexicon import TERM_PHRASES, unlisted_condition
from cds_service.safety.medicines import medicines_in
from cds_service.safety.words import FUNCTION_WORDS, stem_set, tokens, word_set

NEUTRAL_WORDS = stem_set(
    # people and places of care
    "patient person people clinician clinicians physician doctor nurse provider team specialist pharmacist gp "
    "emergency department room hospital clinic practice visit bedside ambulance services service area resuscitation "
    "resus unit triage care urgent ed er ward staff senior obstetric cardiology surgical medical acute "
    # what is done in triage
    "review reviews assess assessment evaluate evaluation examine examination check recheck monitor monitoring observe "
    "observation repeat measure take full set transfer transport refer referral escalate escalation call send seen "
    "see look looks attention response manage management treat treatment act action advise advised advice recommend "
    "recommended recommendation needed need needs require required requires warrant warrants indicated consider "
    "considered consult "
    "confirm clarify ask explain discuss exclude excluded rule ruled test testing tests "
    "investigation workup screen screening pathway "
    "protocol guideline guidance passage rules plan follow following step steps step go attend come arrange prompt "
    "immediate immediately now today soon early promptly urgently once delay wait waiting minutes minute hour hours "
    "day days week weeks month months year years time times onset duration currently current present recent recently "
    "started start began begin last since yesterday morning tonight onwards same "
    # how a note speaks
    "concern concerning concerned possible possibly possibility probable probably likely likelihood unlikely suggest "
    "suggests suggesting suggestive appear appears seem seems suspected suspicion suspicious risk risks potential "
    "potentially consistent compatible picture presentation presents presenting presented report reports reported "
    "describes described note noted notes shows show showing finding findings feature features sign signs symptom "
    "symptoms complaint problem problems history condition conditions cause causes caused causing reason reasons "
    "because due related associated combination combined together alongside given based evidence record records chart "
    "data information documented document listed known unknown unclear uncertain certain missing incomplete available "
    "evaluated vital vitals result results value values level levels score scores reading readings rate range point "
    "points total parameter parameters threshold priority high low medium critical emergencies emergency serious "
    "urgency flag flags red alert warning important main key major overall clinical illness disease disorder cannot "
    "preliminary initial first further next additional new ongoing underlying existing active "
    "increase increases increased raise raises raised reflect reflects represent support supports supported include "
    "indicate indicates meet meets remain remains develop develops developed worsen worsens worsening change changes "
    "make makes made get gets help keep leave alone place say says whether regarding concerns cause suspect "
    "rapid rapidly quickly quick sudden safe safety possible serious life threatening significant abnormal "
    "number numbers figure high elevated help breathe percent degrees celsius also aged older younger body both "
    "sit upright watch lead stay line home enough self origin source course nature mean means "
    "worrying worry signal complicate points point toward"
)
"""Words that state no clinical fact by themselves: the vocabulary of any triage note."""

MANDATORY_WORDS = stem_set(
    "normal stable reassuring unremarkable benign harmless mild moderate severe worsening improving improved resolved "
    "chronic recurrent sudden suddenly gradual left right bilateral massive crushing persistent unchanged sharp "
    "radiating constant intermittent terminal metastatic worse better deteriorated unilateral excruciating"
)
"""Words that change the meaning of a clinical fact, and so need evidence of their own."""

INTERVIEW_WORDS = stem_set(
    "stay stays admission admitted discharge travel traveled trip contact contacts pet pets animal tick insect bite "
    "sting smoke smoking drink drinking alcohol drug drugs use used using work job occupation exposure exposed "
    "sleep slept sleeping appetite eat eating ate drank fluids fluid diet food weight lost gained passed pass "
    "passing taken took taking prescribed dose doses missed miss stopped stop running out refill adherence pharmacy "
    "allergic allergy long often frequent lasted trigger triggers triggered relieve relieves family household "
    "partner child children relative baby school fall fell fallen falls injury injured trauma hit accident surgery "
    "operation procedure implant catheter vaccine vaccinated vaccination immunised immunized pregnant pregnancy "
    "period periods breastfeeding sexual sex partners mood thoughts harm hurt hurts move moving walk walking stand "
    "lie lying feel feels felt feeling notice noticed anything anyone anybody else similar before ever previous "
    "previously usual usually normally baseline where color colour amount much many how rise drop rose dropped "
    "reduced output intake wake woke woken night support lives swallow swallowing chew speak speaking talk talking "
    "see seeing hear hearing look looks difficult difficulty easy wet dry nappy nappies diaper diapers urinate "
    "urine bladder bowel bowels stool stools toilet bathroom cry crying feed feeds feeding play playing drooling "
    "bleed bleeding smell taste swell swollen hot cold warm touch skin eye eyes ear ears nose mouth throat tongue "
    "neck chest arm arms hand hands finger belly stomach abdomen back groin leg legs foot feet joint joints muscle "
    "head face breast breathe breathing hard harder easier trouble rest wipe wear hold grip climb stairs lift bend "
    "turn open close read write remember begin began change changed help happen happened try tried able hungry thirsty "
    "awake alert tired weak numb itch itchy itching burn burning hurting doing pressure tight heavy empty"
)
"""Words of taking a history: what a question to a patient may be about beyond clinical terms and the evidence."""

_FOREIGN = word_set(
    "el los las una unas del que con para por como pero muy esta este sus ser fue le les des est sont avec pour "
    "dans sur pas une qui ne ce cette aux der die das und ist nicht mit ein eine auf bei sich dem den von zu im "
    "il lo gli della di che per non sono ha uma dos em mais het een van met voor niet zijn yang dan untuk dengan "
    "pada ini itu tidak adalah ve bir bu icin ile jest nie sie och att som med av til og det er ang mga possivel "
    "dolor fiebre grave urgencias ahora inmediatamente douleur fievre maintenant "
)
_SHARED = word_set("die in is an he per er den sur set was has as at it on no me so by")
_PLAIN = 0.5


def is_english(texts: Iterable[str], known: Set[str]) -> bool:
    """Whether each text reads as English: at least half of its words are known, and hardly any is a foreign one.

    `known` are further stems to accept: those of the evidence. Names of diseases and medicines count as known.
    """
    return all(_reads(text, known) for text in texts)


def _reads(text: str, known: Set[str]) -> bool:
    toks = tokens(text)
    words = [(i, t) for i, t in enumerate(toks) if t.is_word]
    if not words:
        return False
    named = {i for start, end, _ in TERM_PHRASES.find(toks) for i in range(start, end)}
    named |= {i for m in medicines_in(toks) for i in range(m.start, m.end)}
    plain = [
        i for i, t in words
        if i in named or t.stem in FUNCTION_WORDS or t.stem in NEUTRAL_WORDS or t.stem in MANDATORY_WORDS
        or t.stem in known or unlisted_condition(t.word)
    ]  # fmt: skip
    foreign = [t for i, t in words if t.word in _FOREIGN - _SHARED and i not in named]
    if len(foreign) >= 2 or (foreign and len(words) <= 6):
        return False
    return len(words) < 4 or len(plain) / len(words) >= _PLAIN
