"""Street addresses, post boxes and the places someone lives in: 45 CFR 164.514(b)(2)(i)(B)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re

from anonymization.lexicon import packaged_lexicon, words
from anonymization.normalise import fold
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer

_SUFFIX = (
    r"(?:street|st|avenue|ave?|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|terrace|ter|circle|cir|way|highway|hwy|"
    r"parkway|pkwy|square|sq|trail|trl|alley|aly|plaza|loop|route|rte|pike|turnpike|crescent|row|walk|path|heights|hts|"
    r"mill|mills|green|grove|ridge|bridge|brook|crossing|estates?|extension|glen|hill|hills|hollow|island|junction|key|knoll|"
    r"landing|manor|meadow|meadows|mews|mountain|oval|park|pass|point|ramp|ranch|run|shore|spring|springs|station|summit|tunnel|"
    r"union|valley|view|village|ville|vista|wells)"
)
_UNIT = r"(?:[,\s]{1,3}(?:apt|apartment|unit|suite|ste|room|rm|floor|fl|bldg|building|lot|trailer|#)\.?\s?#?\s?[A-Za-z0-9-]{1,6})?"
_KIND_FIRST = (
    r"(?:Rua|Rue|R\.|Via|Viale|Vicolo|Corso|Piazza|Calle|C/|Carrera|Avenida|Av\.|Avda\.|Paseo|Plaza|Camino|Ronda|Travessa|Praça|Largo|Estrada|"
    r"Chemin|Allée|Quai|Impasse|Boulevard|Ulica|ul\.|Aleja|al\.|Strada|Jalan|Jl\.|Bulevar|Rúa|Carrer)"
)
_KIND_LAST = (
    r"(?:stra(?:ß|ss)e|str\.|weg|gasse|platz|allee|ring|damm|ufer|gatan|vägen|gränd|vej|gade|veien|vegen|gata|gate|katu|tie|kuja|polku|"
    r"straat|laan|plein|kade|dreef|utca|tér|mnt|puiestee)"
)
_KIND_APART = (  # as a word of its own, with the number behind it
    r"(?:stra(?:ß|ss)e|str\.?|weg|gasse|platz|allee|damm|ufer|utca|u\.|út|rkp\.?|kapu|tér|terrasse|vei|veien|gate|sokak|sok\.|"
    r"cadd?esi|cad\.|bulvar.|straat|laan|katu|tee|mnt|puiestee|udca|trg|ulica|cesta|n[áa]mest[íi]|n[áa]m\.)"
)
_TOWN = r"(?:(?:St|Mt|Ft|Pt)\.[ ])?[A-Z][\w'-]+(?:[ ][A-Z][\w'-]+){0,3}"
STATE = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY]|"
    r"Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|"
    r"Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|"
    r"New (?:Hampshire|Jersey|Mexico|York)|North (?:Carolina|Dakota)|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|"
    r"South (?:Carolina|Dakota)|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming)"
)
_LIVES = (
    r"(?:lives?|living|lived|resid(?:es|ing|ed)|resident|moved|moving|relocated|relocating|visiting|grew up|born|raised|home(?:town)?|"
    r"native|travell?ed|driving|drove|flew|commutes?)"
)
_NO_TOWN = words("town city village suburb suburbs country countryside downtown uptown campus apartment i")

_NEW, _CITY = words("new jersey"), words("city df")
_NO_COUNTY = words(
    "the this that our your their his her in of to from any each every another per same home out and or for by with local rural which"
)


class StreetRecognizer(StrictPatternRecognizer):
    """House number, street, unit; post boxes."""

    entity = "ADDRESS"
    forms = (
        Form(
            "street",
            rf"(?<![\w./-])(?:\d{{1,6}}[ ])?\d{{1,6}}[A-Z]?(?:-\d{{1,4}})?[ ](?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.?[ ])?"
            rf"(?:[A-Z0-9][\w'.-]*[ ]){{1,4}}(?i:{_SUFFIX}){RIGHT}\.?{_UNIT}(?:[ ](?:N|S|E|W|NE|NW|SE|SW)\b)?",
            FLAGS,
            0.85,
        ),
        Form(
            "block",
            r"(?<![\w.,/-])\d{1,6}[ ][^\n:;!?]{3,45}?(?:\s*,?\s+)(?i:apt|apartment|suite|ste|unit|floor|flat)\.?[ ]?#?\d{1,5}[A-Za-z]?(?:\s*[,\n]\s*[^\n:,.;!?]{2,32}){0,4}?[,\n ]\s{0,4}\d{4,6}(?:-\d{4})?(?![\w])",
            FLAGS,
            0.85,
            words("apt apartment suite ste unit floor flat"),
        ),
        Form(
            "kind first",
            rf"(?<![\w.])(?:\d{{1,6}}[A-Za-z]?,?[ ])?{_KIND_FIRST}[ ]?(?:(?:d[aeo]s?|del|de la|du|des|della|di|la|le|[A-Z0-9][\w'.-]*)[ ]){{0,5}}?[A-Z][\w'-]+(?:,?[ ](?:n[°º]?\.?[ ]?)?\d{{1,6}}[A-Za-z]?)?{RIGHT}{_UNIT}",
            FLAGS,
            0.85,
        ),
        Form(
            "kind in the word",
            rf"(?<![\w.])(?<!\w['-])(?:\d{{1,6}}[A-Za-z]?[ ])?(?:[A-Z][\w'.-]*+[ ]){{0,2}}[A-Z][^\W\d_]{{2,30}}{_KIND_LAST}(?:[ ]\d{{1,6}}[ ]?[A-Za-z]?)?{RIGHT}{_UNIT}",
            FLAGS,
            0.8,
        ),
        Form(
            "kind behind",
            rf"(?<![\w.])(?:\d{{1,6}}[A-Za-z]?[ ]){{0,2}}(?:[\p{{Lu}}][\p{{L}}'.-]*+[ ]){{1,3}}(?i:{_KIND_APART})[ ](?:(?i:no|nr|n[°º])\.?[ ]?)?\d{{1,5}}(?![%/]|[.,]\d)[A-Za-z]?{RIGHT}{_UNIT}",
            FLAGS,
            0.85,
        ),
        Form(
            "number behind",
            r"(?<![\w./-])\d{2,6}[ ](?:[\p{Lu}][\p{L}'.-]{2,}+(?:[ ][\p{Lu}][\p{L}'.-]*+){0,3})[ ]\d{1,5}[A-Za-z]?(?=,|[ \t]*\n|[ ](?i:apt|suite|unit)\b|\.?$|,?[ ][\p{Lu}])",
            FLAGS,
            0.8,
        ),
        Form(
            "military",
            rf"{LEFT}(?:PSC|CMR|Unit|USNS|USS|USCGC)[ ][\w. ]{{1,24}}?(?:,?[ ]Box[ ]\d{{1,6}})?\s{{1,8}}(?:APO|FPO|DPO),?[ ](?:A[AEP])[ ]\d{{5}}(?:-\d{{4}})?{RIGHT}"
            rf"|{LEFT}(?:APO|FPO|DPO),?[ ](?:A[AEP])[ ]\d{{5}}{RIGHT}|{LEFT}(?:PSC|CMR)[ ]\d{{1,5}},?[ ]Box[ ]\d{{1,6}}{RIGHT}",
            FLAGS,
            0.9,
        ),
        Form(
            "corner",
            r"\b(?i:corner|intersection)[ ]of[ ](?P<v>[A-Z0-9][\w'.-]*(?:[ ][A-Z0-9][\w'.-]*){0,3}[ ](?:and|&)[ ][A-Z0-9][\w'.-]*(?:[ ][A-Z0-9][\w'.-]*){0,3})",
            FLAGS,
            0.85,
            words("corner intersection"),
        ),
        Form(
            "street after at",
            rf"\b(?:at|address(?:\s+is)?|of|to|on):?\s(?P<v>\d{{1,6}}\s[a-z][\w'.-]*(?:\s[a-z][\w'.-]*){{0,3}}?\s{_SUFFIX}{RIGHT}{_UNIT})",
            IGNORE_CASE,
            0.85,
        ),
        Form(
            "small letters",
            rf"(?<![\w./-])\d{{2,6}}\s(?:[nsew]\.?\s)?(?:\d{{1,3}}(?:st|nd|rd|th)|(?!(?:hour|minute|mile|day|week|month|year)s?\b)[a-z]{{4,30}}|(?!min|mcg|sec|day|hrs|mls|lbs|cal|the|and|for|tab|cap|yrs|pts|new|beds?\b)[a-z]{{3}})(?:\s[a-z]{{3,30}})?\s(?:street|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|parkway|pkwy|circle|terrace|highway|hwy|court|st\.?(?=\s?(?:,|\n|$|apt|unit|#))){RIGHT}{_UNIT}",
            IGNORE_CASE,
            0.8,
        ),
        Form(
            "house at home",
            r"\b(?i:lives|living|resides|residing|address|home)\b[^\n\d]{0,20}(?P<v>\d{1,6}[ ][A-Z][\w'.-]+(?:[ ][A-Z0-9][\w'.-]*){0,4})",
            FLAGS,
            0.8,
        ),
        Form(
            "coordinates",
            r"(?<![\w.])-?\d{1,2}\.\d{4,10}\s?°?\s?[NS]?\s?[,;/]\s?-?\d{1,3}\.\d{4,10}\s?°?\s?[EW]?(?![\w.])|(?<![\w.])\d{1,2}\.\d{2,10}[ ]?°?[ ]?[NS][ ,;/]{0,3}\d{1,3}\.\d{2,10}[ ]?°?[ ]?[EW](?![\w.])",
            FLAGS,
            0.9,
        ),
        Form("unit", rf"{LEFT}(?:apt|apartment|suite|ste)\.?\s?#?\s?\d{{1,5}}[A-Za-z]?{RIGHT}", IGNORE_CASE, 0.7),
        Form(
            "street, then number",
            r"\b(?i:lives?|living|lived|resid(?:es|ing|ed)|address(?:\s+is)?|located|office|home|moved)\b(?:[ ](?:at|is|in|to))?[ :]{1,3}(?P<v>[A-Z][^\W\d_]{3,}(?:[ -][A-Za-z][\w'-]+){0,3}[ ]\d{1,5}[A-Za-z]?)(?![\w/%]|[.,]\d)",
            FLAGS,
            0.8,
        ),
        Form(
            "street of a home",
            r"\b(?:lives?|living|lived|stays?|staying|house|home|resid(?:es|ing)|moved|found)[ ](?:on|off|at|near|by|to|down|along)[ ](?:of[ ])?(?P<v>(?!the[ ](?:street|road)|main[ ]road)(?:[nsew]\.?[ ])?[a-z][\w'-]{1,30}(?:[ ][a-z][\w'-]{1,30})?[ ](?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|blvd|boulevard|court|circle|terrace|pike)|(?:hwy|highway|route|rte?|county[ ]road|cr|interstate|i-?|us|state[ ]road)[ ]?\d{1,4}[a-z]?)(?![^\W_])",
            IGNORE_CASE,
            0.8,
            words("live lives living lived stay stays staying house home resides residing moved found"),
        ),
        Form(
            "rural box",
            rf"{LEFT}(?:HC|RR|R\.R\.|Rt\.?|Rte\.?|Route|Rural Route|Star Route|PMB)[ ]?#?\d{{1,4}},?[ ]Box[ ]#?\d{{1,6}}[A-Z]?{RIGHT}",
            IGNORE_CASE,
            0.9,
            words("box"),
        ),
        Form(
            "postbox abroad",
            rf"{LEFT}(?:post(?:bo(?:ks|x)|fach|bus)|apartado|casilla|bo[iî]te postale|b\.p\.|pob)[ ]?#?\d{{1,7}}{RIGHT}",
            IGNORE_CASE,
            0.9,
        ),
        Form("box", rf"{LEFT}p\.?\s?o\.?\s?box\s?#?\s?\d{{1,7}}{RIGHT}", IGNORE_CASE, 0.95),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Between two numbers, one word at least must be no English and no clinical one ("120 Lisinopril 20")."""
        lexicon = packaged_lexicon()
        if _TWO_NUMBERS.fullmatch(text, start, end) and not _KIND_WITHIN.search(text, start, end):
            found = re.findall(r"[^\W\d_]{2,}", text[start:end])
            if any(map(lexicon.is_drug, found)) or not any(
                not lexicon.is_english(w) and not lexicon.is_word(w) and fold(w) not in lexicon.eponyms for w in found
            ):
                return None
        return start, end


_KIND_WITHIN = re.compile(rf"(?<![^\W_])(?:{_SUFFIX}|{_KIND_APART})(?![^\W_])", re.IGNORECASE)
_TWO_NUMBERS = re.compile(r"\d+ [^\d\n]+ \d+[A-Za-z]?")


class TownRecognizer(StrictPatternRecognizer):
    """A town before its state, and a place after a verb of living or moving. States and countries may stay."""

    entity = "LOCATION"
    forms = (
        Form(
            "town behind a street",
            rf"(?<=\d[A-Za-z]?|(?i:\b{_SUFFIX}\.?))[,\s]{{1,12}}(?P<v>{_TOWN}),?[ \n]{{1,8}}(?:{STATE}|[A-Z]{{2}})[, \n]{{1,8}}(?=\d{{4,6}}\b)",
            FLAGS,
            0.8,
        ),
        Form(
            "town in small letters",
            r"(?<![\w-])(?P<v>[a-z]{2,}[ ](?:city|springs|shores|heights|county|township))(?![\w-])",
            FLAGS,
            0.7,
            words("city springs shores heights county township"),
        ),
        Form(
            "city of a state or country",
            r"(?<![\w-])(?P<v>(?:mexico|kansas|oklahoma|iowa|new[ ]york|panama|guatemala|kuwait|jersey|quebec|belize|nevada|texas|michigan|missouri|virginia|delaware)[ ](?:city|d\.?f\.?))(?![\w-])",
            IGNORE_CASE,
            0.8,
            words("city df d.f"),
        ),
        Form(
            "town behind an age",
            r"(?<=[\w.][ ])\(\d{1,3}(?:[ -]?(?:y/?o|yrs?|years?(?:[ -]old)?|[MmFf]))?[,;][ ](?:(?:from|of|in)[ ])?(?P<v>[^\W\d_]{3,}(?:[ .'-]{1,2}[^\W\d_]{2,}){0,3})\)",
            FLAGS,
            0.75,
            words("( ,"),
        ),
        Form(
            "town behind a unit",
            rf"(?<=\b(?i:apt|apartment|suite|ste|unit|flat)\.?[ ]#?\d{{1,5}}[A-Za-z]?)[ \t]*[,\n][ \t>]*(?P<v>{_TOWN})(?=[ \t]*(?:[,\n]|$))",
            FLAGS,
            0.8,
            words("apt apartment suite ste unit flat"),
        ),
        Form("town and state", rf"(?<![\w])(?P<v>{_TOWN}),[ ]{{0,2}}{STATE}(?![\w'])", FLAGS, 0.8, words(",")),
        Form(
            "where someone lives",
            rf"\b{_LIVES}\b[ ](?:[a-z]+[ ]){{0,3}}?(?:in|from|to|near|of|at|outside|around)[ ](?:the[ ])?(?P<v>{_TOWN})",
            FLAGS,
            0.75,
            words(
                "lives live living lived resides residing resided resident moved moving relocated relocating visiting grew born raised home hometown "
                "native travels traveled travelled driving drove flew commute commutes"
            ),
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Leave states, countries and clinical words ("moved from Emergency to Cardiology")."""
        lexicon = packaged_lexicon()
        words = re.findall(r"[^\W\d_]+", text[start:end].lower())
        if len(words) > 1 and words[0] in lexicon.places | _NEW and words[-1] in _CITY:
            return start, end
        if all(w in lexicon.places or lexicon.is_word(w) or w in _NO_TOWN for w in words):
            return None
        if text[start:end].islower() and (
            words[0] in _NO_COUNTY or (lexicon.is_english(words[0]) and words[-1] != "county")
        ):
            return None
        return start, end
