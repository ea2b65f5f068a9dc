"""Places of care and employers, which narrow a person down to a town or a firm: 45 CFR 164.514(b)(2)(i)(B) and (R)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re

from anonymization.lexicon import packaged_lexicon, words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, Form, StrictPatternRecognizer

_KIND = (
    r"(?:Hospitals?|Medical Cent(?:er|re)|Health Cent(?:er|re)|Health System|Health Services|Healthcare|Health|Clinics?|Infirmary|Hospice|"
    r"Sanatorium|Nursing Home|Nursing Facility|Care Home|Rehab(?:ilitation)?(?: Cent(?:er|re))?|Surgery Cent(?:er|re)|Surgical Cent(?:er|re)|"
    r"Cancer Cent(?:er|re)|Cancer Institute|Urgent Care|Walk-In|Family Practice|Family Medicine|Medical Group|Medical Associates|Associates|"
    r"Physicians|Pediatrics|Pharmacy|Laborator(?:y|ies)|Labs|Institute|Foundation|Memorial|General|Manor|Assisted Living|Senior Living|"
    r"University|College|High School|Elementary(?: School)?|Academy|Church|Chapel|Cathedral|Parish|Gurdwara|Mosque|Synagogue|Temple|"
    r"Islamic Cent(?:er|re)|Montessori|Preschool|Kindergarten|Daycare|Shelter)"
)
KIND_WORDS = words(
    "hospital hospitals center centre system services healthcare health clinic clinics infirmary hospice sanatorium home facility rehab "
    "rehabilitation institute care walk practice medicine group associates physicians pediatrics pharmacy laboratory laboratories labs foundation "
    "memorial general manor living university college school elementary academy church shelter chapel cathedral parish gurdwara "
    "mosque synagogue temple islamic montessori preschool kindergarten daycare"
)
_WORD = r"[A-Z][\w'&-]*"
_LINK = r"(?:of|the|and|for|&|-)"
_TAIL = rf"(?:[ ](?:{_LINK}[ ])?{_WORD}){{0,4}}"


class FacilityRecognizer(StrictPatternRecognizer):
    """A proper name that ends in a word for a place of care or learning ("Stone Family Clinic", "Hope Memorial")."""

    entity = "FACILITY"
    forms = (
        Form(
            "name and kind",
            rf"(?<![\w])(?P<v>(?:(?:St|Mt)\.?[ ])?{_WORD}(?:[ ](?:{_LINK}[ ])?{_WORD}){{0,5}}?[ ]{_KIND}(?![\w])(?:[ ]{_KIND}(?![\w])){{0,3}})",
            FLAGS,
            0.75,
            KIND_WORDS,
        ),
        Form(
            "kind of name",
            rf"(?<![\w])(?P<v>(?:University|Hospital|College|Clinic|Institute)[ ]of[ ](?:the[ ])?{_WORD}{_TAIL})",
            FLAGS,
            0.75,
            words("university hospital college clinic institute"),
        ),
        Form(
            "kind in small letters",
            rf"(?<![\w])(?P<v>{_WORD}(?:[ ]{_WORD}){{0,4}}[ ](?:parish|church|temple|mosque|synagogue|jail|prison|school|fire department|correctional facility|county jail|group home)(?![\w]))",
            FLAGS,
            0.75,
            words("parish church temple mosque synagogue jail prison school fire correctional home"),
        ),
        Form(
            "labelled",
            rf"\b(?i:facility|hospital|clinic|pharmacy|location|site)\s?:\s?(?P<v>{_WORD}{_TAIL})",
            FLAGS,
            0.75,
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Cut plain words from the front ("Discharged to"); leave what names no place ("Mental Health")."""
        tokens = list(re.finditer(r"[^\W\d_][\w'-]*", text[start:end]))
        while tokens and _cuts(tokens[0][0]):
            tokens.pop(0)
        if not tokens:
            return None
        proper = [t for t in tokens if not _GENERIC.fullmatch(t[0]) and not _cuts(t[0])]
        return (start + tokens[0].start(), end) if proper else None


def _cuts(word: str) -> bool:
    """Whether `word` stands before a place, not in its name."""
    lexicon = packaged_lexicon()
    return word.islower() or (lexicon.is_word(word) and word.lower() not in lexicon.common_names)


# What firms make or do, as the last word of their names: in small letters only behind a word that is no plain one.
_TRADE = (
    r"(?:Logistics|Trucking|Haulage|Freight|Plumbing|Roofing|Landscaping|Manufacturing|Textiles|Packaging|Staffing|Consulting|"
    r"Motors|Auto Repair|Hardware|Lumber|Timber|Steel|Foundry|Paper Mill|Dairy|Farms?|Orchards?|Vineyards?|Bakery|Brewery|Winery|"
    r"Diner|Grill|Caf[eé]|Catering|Foods|Fisheries|Supermarket|Groceries|Furniture|Printing|Realty|Credit Union|Bank|"
    r"Airlines|Shipping|Energy|Electric|Electronics|Software|Salon|Casino|Cleaning Services|Security Services|Tool and Die|"
    r"(?:Fire|Police) Department|Sheriff's Office|School District|Public Works)"
)
_FIRM_END = r"(?:,?[ ](?:Inc|LLC|Ltd|Co|Corp|Group|Brothers|& Sons|and Sons)\b\.?)?"
TRADE_WORDS = words(
    "logistics trucking haulage freight plumbing roofing landscaping manufacturing textiles packaging staffing consulting motors repair "
    "hardware lumber timber steel foundry mill dairy farm farms orchard orchards vineyard vineyards bakery brewery winery diner grill cafe café "
    "catering foods fisheries supermarket groceries furniture printing realty union bank airlines shipping energy electric "
    "electronics software salon casino services die department office district works"
)

_OFTEN_IN_NAMES = words(
    "evergreen sunrise lakeside riverside beacon trinity cornerstone horizon summit unity harmony providence mercy grace heritage pioneer "
    "liberty highland hillcrest fairview northside southside eastside westside parkview lakeview bayview ridge oak oaks pine pines cedar "
    "maple willow meadow meadows brook springs river lake hills golden silver blue sacred holy samaritan shepherd baptist methodist "
    "lutheran presbyterian adventist lighthouse hope st saint mount mt lourdes"
)
_PLACE_KIND = (
    r"(?:(?:memorial|general|regional|community|county|university|children's|women's|veterans|va)[ ])*"
    r"(?:hospitals?|infirmary|clinic|medical cent(?:er|re)|med cent(?:er|re)|health cent(?:er|re)|health system|hospice|nursing home|"
    r"family practice|urgent care|elementary(?: school)?|(?:primary|middle|high|charter) school|preschool|academy|montessori|daycare|"
    r"college|university|memorial|ob/gyn|pharmacy|gurdwara|mosque|synagogue|temple|chapel|cathedral|parish|islamic cent(?:er|re)|"
    r"(?:(?:baptist|lutheran|methodist|catholic|community|ame)[ ])?church|rehab|assisted living|senior living|care home|group home)"
)


class SmallFacilityRecognizer(StrictPatternRecognizer):
    """The same written small, behind a preposition: "at st. elizabeth medical center", "from beacon memorial hospital"."""

    entity = "FACILITY"
    forms = (
        Form(
            "small letters",
            rf"(?<![\w])(?:at|to|from|of|near|by|for|through|heard[ ]from)[ ](?:the[ ])?(?P<v>[a-z][a-z'.-]+(?:[ ][a-z'-]{{2,}}){{0,3}}?[ ]{_PLACE_KIND})(?![\w])",
            FLAGS,
            0.7,
            KIND_WORDS | words("infirmary preschool gyn med"),
        ),
        Form(
            "firm in small letters",
            rf"(?<![\w])(?:at|to|from|for|by|of|with|runs|owns|left)[ ](?:the[ ])?(?P<v>[a-z][a-z'.-]+(?:[ ][a-z'-]{{2,}}){{0,2}}?[ ]{_TRADE.lower()}{_FIRM_END.lower()})(?![\w])",
            FLAGS,
            0.7,
            TRADE_WORDS,
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """No plain word may stand before the kind, and one word at least must be a name or often part of one."""
        lexicon = packaged_lexicon()
        own = [
            w
            for w in re.findall(r"[^\W\d_]+(?:'s)?", text[start:end])
            if w not in KIND_WORDS | TRADE_WORDS | _KIND_PARTS
        ]
        named = [w for w in own if w in _OFTEN_IN_NAMES or lexicon.is_given_name(w) or not lexicon.is_english(w)]
        plain = [w for w in own if lexicon.is_word(w) and w not in _OFTEN_IN_NAMES]
        return (start, end) if named and not plain else None


_KIND_PARTS = words(
    "regional community county children's women's veterans va med ob gyn primary middle high preschool infirmary of our lady medical health "
    "family nursing urgent"
)


class EmployerRecognizer(StrictPatternRecognizer):
    """The firm after "works for", "employed by", "retired from"."""

    entity = "ORGANIZATION"
    forms = (
        Form(
            "employer",
            rf"\b(?i:works?|worked|working|employed|employee|employer|job|retired|manager|clerk|driver|teacher|student)[ ](?:\d{{1,2}}\+?[ ](?i:years|yrs)[ ])?(?i:full[- ]time[ ]|part[- ]time[ ])?(?i:for|at|by|from|with|of)[ ](?:the[ ])?(?P<v>{_WORD}(?:(?:,)?[ ](?:(?:and|of|&)[ ])?{_WORD}){{0,4}})",
            FLAGS,
            0.7,
            words(
                "work works worked working employed employee employer job retired manager clerk driver teacher student"
            ),
        ),
        Form(
            "name and trade",
            rf"(?<![\w])(?P<v>(?!(?i:the|a|an|at|to|from|for|by|of|with)\b){_WORD}(?:[ ]{_WORD}){{0,2}}?[ ]{_TRADE}{_FIRM_END})(?![\w])",
            FLAGS,
            0.75,
            TRADE_WORDS,
        ),
        Form(
            "firm",
            rf"(?<![\w])(?P<v>{_WORD}(?:[ ,-]{{1,2}}(?:and[ ])?{_WORD}){{0,4}},?[ ](?:Inc|LLC|Ltd|PLC|Corp|Co|GmbH|LLP)\b\.?)",
            FLAGS,
            0.8,
            words("inc llc ltd plc corp co gmbh llp"),
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Leave "works at Night", "retired from ICU", "Health Insurance"."""
        words = re.findall(r"[^\W\d_]+", text[start:end])
        plain = packaged_lexicon().is_word
        return None if all(plain(w) or w.lower() in TRADE_WORDS for w in words) else (start, end)


_GENERIC = re.compile(
    _KIND + r"|Family|Medical|Care|Center|Centre|Home|Community|Regional|County|City|Group|School|St|Mt", IGNORE_CASE
)
