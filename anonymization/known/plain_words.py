"""Words that show a plain reading of a word that is also a name (`plain`), and words that only stand beside names.

Plain lists, written for this project from the language of clinical notes.
"""

from __future__ import annotations

from anonymization.known import cues, verbs
from anonymization.lexicon import words

OF = words("of")
OF_PERSONS = cues.PEOPLE | cues.OF_WHOM | words("office service practice team signature request care")
DETERMINERS = cues.DETERMINERS - words("on in") | words(
    "another both either neither which what such own same other first second third last next few several many more "
    "most less one four five six"
)
FUNCTION = words("in on to no so or my us as at by he me we is it if go am be up i the of and for not but with from "
                 "you she they his her have has had than then when who why how")  # fmt: skip
# After these no person stands.
BLOCKING = cues.BLOCKING - words("of false new old great good high early late low small")
# What stands only before names: roles, acts toward people, marks of authorship.
BEFORE_NAMES = (
    cues.PEOPLE | cues.TITLES | cues.ROLE_TITLES | cues.LABELS | cues.LOOSE | cues.GREETINGS | cues.NAMING
    | words(
        "call page ask tell contact notify inform see text phone email visit consult consulted attending pcp per hcp "
        "cc w d home met paged called and or but via team handoff dispo disposition up follow appt service"
    )
)  # fmt: skip
ROLES = words(
    "pcp attending per by rn lpn md do np pa cna hcp poa cc attn dr doctor nurse surgeon hospitalist intensivist "
    "resident intern fellow consultant consult pharmacist therapist midwife physician provider author signed seen "
    "dictated transcribed cosigned referring covering oncall scribe dietitian chaplain interpreter handoff paged page "
    "pharmd lcsw msw crna aprn fnp w operator assistant surname forename"
)
CREDENTIALS = words("md rn np pa lpn cna crna phd pharmd lcsw msw aprn fnp dnp dds dpm lvn mbbs rph dvm cnm")

# After a name, where no noun that the word could describe stands.
AFTER_NAMES = (
    cues.ADVERBS | cues.FOLLOWS_OBJECT | cues.PERSONAL | (cues.ABOUT_PEOPLE - words("still improving better"))
    | words(
        "stable unstable aware alert afebrile febrile npo rounded voided paged seen pt pts patient note notes consult "
        "consults recs rec md rn np pa ok okay pending present absent resting sleeping eating up down out off back "
        "to with w of for is was has had did does s c d p h x then who yo f m unable nad intubated extubated sedated "
        "unresponsive agitated lethargic ambulatory ready away available unavailable oncall covering following "
        "assessed cleared updated office clinic team service labs wants hungry asleep tearful well better weak home "
        "mother father mom dad wife husband spouse partner son daughter brother sister family parents caregiver "
        "bed room rm weight wt bp hr rr temp spo2 sats o2 vitals vs no none nkda nka monday tuesday wednesday thursday "
        "friday saturday sunday twice once rounds again sends says "
        "mon tue wed thu fri sat sun meds dob mrn age aged lives living works cannot unsure "
        "a aox gcs cc re ref dispo dnr sob cp n v arousable drowsy sober combative cooperative nauseated dizzy only"
    )
) - words("major first")  # fmt: skip
DESCRIBED_ABBREVIATIONS = words("bm pe sbo asd vsd lv rv wbc rbc bp qt acs ct cxr gi")
OF_PERSONS_TOO = words("had has called calls came comes went goes reported reports got gets")
WHERE_PERSONS_ARE = words(
    "bedside room rm bed clinic er ed icu or home waiting pain distress chair office rehab "
    "pt recovery pacu hospice bathroom hall lobby today time radiology surgery am pm"
)
BEFORE_ADJECTIVES = words(
    "very too so more less quite rather fairly extremely somewhat is was are were be been being appears looks feels "
    "seems remains relatively mildly moderately severely bit when or lungs chest urine mood skin sclera sclerae x"
)
AFTER_THINGS = words("of in on at per near x from is was are were with without or vs")
AFTER_VERBS = words("that to from by for slightly significantly above the it this up slowly again over after")

MODAL_ADVERBS = words("not also now then still just only likely probably always never soon again or")
VERBS = words(
    "be have do go get need see call give take make come help use try let put keep continue follow start stop return "
    "consider require benefit repeat recheck restart resume cause require f need also want like note find show tell "
    "have remain become include occur worsen improve increase decrease result represent reflect indicate suggest "
    "order schedule review refer discuss monitor check contact plan bring drive eat drink walk sleep feel hold defer "
    "proceed obtain await add change switch taper titrate discharge admit shower swim bathe play work lift bear set "
    "send speak ask look wait move fax mail draw sign apply reassess reevaluate rto rtc dc d/c ask attempt perform "
    "progress last lead develop affect lose gain reduce experience react deal read run cut hit get"
)
NO_VERBS = AFTER_NAMES | verbs.IRREGULAR | words("stable aware rice or found")
ALSO_NOUNS = words("note notes consult labs call order plan review")

# The word before these is likely a plain verb or noun, unless it is written as a name.
LIKELY_BEFORE: dict[str, frozenset[str]] = {
    "hope": words("to that for of"),
    "joy": words("in of"),
    "mark": words("the a site where on"),
    "park": words("near"),
    "bill": words("for of"),
    "cook": words("for"),
    "walker": words("for with and use"),
    "crystal": words("seen"),
    "bell": words("within"),
    "drew": words("blood labs"),
    "grant": words("access"),
    "pat": words("dry"),
    "chase": words("with"),
    "art": words("of"),
    "price": words("of"),
    "faith": words("in"),
    "chance": words("of that to for"),
    "head": words("to"),
    "hand": words("to"),
    "gene": words("for"),
    "rich": words("in"),
}

# Short words that are surnames or given names too: what stands before and after their plain or clinical reading.
SHORT: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "do": (
        words("to can will would could should may might must i you we they not please did that nothing what"),
        words("not you we they i nothing so this that it well better anything something"),
    ),
    "al": (words("et"), words("")),
    "ed": (
        words("in to the from at via an our this last prior initial erectile"),
        words("visit visits physician course provider note for with via arrival evaluation workup triage staff stay"),
    ),
    "ng": (words("an via the"), words("tube tubes feeds feeding suction output")),
    "li": (words("serum"), words("level levels carbonate toxicity mg dose")),
    "ha": (
        words("no denies c o has had severe mild chronic worsening the daily frontal bad n"),
        words("since today for with daily resolved better worse x"),
    ),
    "le": (
        words("left right b l bilateral bl r the no bue ue"),
        words("edema swelling weakness pain dvt duplex doppler strength ulcer cellulitis wound extremity"),
    ),
    "ho": (words(""), words("diabetes htn copd cad")),
    "ma": (words("the an our"), words("roomed")),
    "pa": (words("the an our a"), words("chest view and catheter lateral cxr pressure")),
    "la": (words(""), words("enlargement dilation pressure appendage")),
    "lo": (words(""), words("")),
    "co": (words("the"), words("pay poisoning monoxide")),
    "jo": (words(""), words("")),
    "oh": (words(""), words("d vitamin")),
    "min": (words("per each of x every for"), words("later ago walk each after")),
    "sa": (words(""), words("node block")),
    "su": (words(""), words("")),
    "vu": (words("deja"), words("")),
}
