"""Words around a name that is also a word ("Will", "Stone"), and what each says about it.

Plain lists, written for this project from the language of clinical notes; `context` reads them.
"""

from __future__ import annotations

from anonymization.lexicon import words

PARTICLES = words("van von der den ter de del della da di du la le los las bin ibn al el st saint mac mc san santa")

# A title is always followed by a name; these two groups differ in that a role ("dr will see her") may act by itself.
TITLES = words("drs mr mrs ms miss mx prof professor rev sir madam pastor mister")
ROLE_TITLES = words("dr doctor nurse rn np pa md attending resident surgeon")

PEOPLE = words(
    "patient patients pt pts client resident veteran mother father mom mum dad wife husband spouse partner son "
    "daughter brother sister aunt uncle niece nephew cousin grandmother grandfather grandson granddaughter "
    "grandma grandpa stepmother stepfather stepson stepdaughter girlfriend boyfriend fiance fiancee friend "
    "neighbor neighbour roommate caregiver carer guardian baby boy girl infant child twin guest lady gentleman "
    "parent nanny proxy caseworker coworker boss teacher interpreter aide"
)
LABELS = (
    PEOPLE
    | TITLES
    | ROLE_TITLES
    | words(
        "name re attn attention contact provider physician pcp author signed seen cc family surname given first "
        "last to from subject subscriber guarantor informant historian witness caller consultant therapist "
        "dietitian pharmacist"
    )
)
GREETINGS = words("dear hi hello hey thanks regards sincerely")
NAMING = words("named name called aka nickname nicknamed alias nee known")

# Before the name: acts that only a person can be the object of. With "with" or "to" where the verb wants it.
TALKS_WITH = words(
    "spoke speak speaking spoken talked talk talking met meet meeting discussed discuss chatted conferred "
    "consulted visited visit phoned communicated"
)
TELLS = words(
    "told asked informed advised reassured thanked reminded encouraged counseled counselled educated instructed "
    "notified contacted phoned telephoned texted emailed interviewed greeted consented accompanied escorted per "
    "paged met visited helped congratulated call page text notify contact inform phone email bring marrying married"
)
LOOSE = words("with w for by from saw seen and via about regarding re")
OF_WHOM = words("up exam examination evaluation care assessment chart charts record records visit behalf")

# After the name: what only people do.
SPEAKS = words(
    "reports reported denies denied states stated says said complains complained endorses endorsed describes "
    "described feels felt lives lived wants wanted asks asked thinks thought tells told works worked believes "
    "believed agrees agreed verbalizes verbalized verbalised understands understood refuses refused declines "
    "declined consents consented smokes smoked drinks drank walks walked eats ate sleeps slept called calls "
    "phoned came comes arrived arrives went goes presented presents requests requested admits admitted "
    "acknowledges worries worried wishes wished hopes prefers preferred attended attends noticed notices recalls "
    "recalled remembers knows knew likes liked takes took tolerates tolerated woke wakes cried cries fell slipped "
    "vomited coughed drove drives brought brings thanked insists insisted seems sees saw looks looked awoke tried "
    "tries plans planned missed misses forgot met signed wrote writes texted emailed performed ordered prescribed "
    "recommended recommends explained examined evaluated discussed advised assessed reviewed counseled paged "
    "spoke who reportedly rang rings"
)
# What is said of persons alone, for names that are things ("stone denies", not "stone presents in the ureter").
SPEECH = words(
    "reports reported denies denied states stated says said complains complained endorses endorsed describes "
    "described lives lived wants wanted asks asked thinks thought tells told agrees agreed verbalizes verbalized "
    "verbalised understands understood refuses refused declines declined consents admits admitted smokes smoked "
    "drinks drank eats ate wishes wished prefers preferred recalls remembers knows insists thanked called calls "
    "walked worries worried came arrived signed explained believes likes worked works"
)
NOUNS_TOO = words(
    "walks calls drinks works looks plans visits presents requests hopes sleeps takes notes likes smokes who"
)
STATES = words(
    "is was has had remains remained appears appeared continues continued received underwent needs gets got gave "
    "gives does did returned returns started stopped will would can could should notes noted also and"
)
PERSONAL = words(
    "here doing feeling able unable alert awake oriented accompanied pleasant happy upset anxious tearful "
    "comfortable ambulating ambulatory requesting married single divorced widowed retired employed unemployed "
    "living agreeable aware born concerned worried asleep pregnant allergic tired sleepy hungry calm admitted "
    "discharged"
)
ABOUT_PEOPLE = words(
    "a an here doing feeling seen not able unable alert awake oriented accompanied scheduled pleasant well better "
    "worse happy upset anxious tearful comfortable resting ambulating ambulatory requesting due back home married "
    "single divorced widowed retired employed unemployed living taking having being been coming going agreeable "
    "aware calm confused concerned worried asleep ready stable afebrile pregnant allergic in still now very also "
    "currently known admitted discharged transferred examined tired sleepy hungry improving our my the"
)
ADVERBS = words(
    "also still now again just then today currently clearly never always often usually only recently yesterday "
    "first later initially repeatedly apparently reportedly finally"
)
CONJUNCTIONS = words(
    "and but that when because if while as since whether so then today yesterday where after before until "
    "although though exam morning afternoon evening visit"
)
DETERMINERS = words(
    "a an the this that these those any some no each every his her my your our their its of in on two three"
)
BELONGINGS = words(
    "wife husband spouse partner mother father mom dad son daughter brother sister family parents children "
    "caregiver chart record records appointment insurance symptoms pain house home room bed employer birthday "
    "phone medications meds labs results visit surgery doctor pcp concerns questions mood sleep blood weight care "
    "plan story request voicemail call words voice case girlfriend boyfriend friend history"
)

# After the name as an object ("told grace to rest", "spoke w/ will today").
FOLLOWS_OBJECT = words(
    "today yesterday tomorrow tonight this that about regarding re and or at in on by via for to who whom when "
    "over again after before during if as but with from because while here privately directly earlier later now "
    "alone first briefly his her their he she they we i not"
)

MONTHS = words("april may june august march")
MODALS = words("will may can might must would could should shall")
# Words that describe: a name only where nothing that they could describe follows.
ADJECTIVES = words(
    "long short young old white black brown green gray grey red blue gold silver small little large strong sharp "
    "bright clear fair frank free good great wild rich sweet swift hardy moody noble smart wise sunny rusty dusty "
    "sandy true early late low high hale keen best better major minor golden savage jolly merry daily pale still "
    "light english french german west east north south new less sterling max"
)
# Things that charts speak of: a verb that fits things too ("stone is 5 mm") does not make them names.
THINGS = words(
    "stone stones bone bones foot hand hands head heart hip vein skin neck nail chin finger waist lung eye back "
    "ball band case day night week weeks spring fall falls home house water drain needle pain power post rain "
    "fish rice salt bean beans wall ward field ridge bag page list order trouble rash burn scar cyst gene cell "
    "tab cough tip trace point lump cane sample dose button card counselor speaker carrier cross rod square love "
    "death key"
)
# Names that are verbs too: after a noun or pronoun they are verbs ("pressure rose", "we hope").
VERBS_TOO = words(
    "hope mark rose bill grant chase drew rob pat sue hunt wade skip chuck jack frank cook park bell ring bishop "
    "price love judge book carry call bless swift lance dale pace pike reed storm trip march spell grace"
)
# Before these the word is a thing or a time ("in summer", "the bill", "no joy"), not a person.
BLOCKING = DETERMINERS | words(
    "of in at on into onto no more any such without less much poor false new some good great low high early late "
    "daily through during since until under over above below between near like as than or plus x one two three"
)
PRONOUNS = words(
    "i we you they he she it who to will would can could may might must should please let's not don't do does did"
)
# The word is no name before these, or after these, however it is written.
NOT_BEFORE: dict[str, frozenset[str]] = {
    "ace": words("inhibitor inhibitors"),
    "short": words("of course courses stature term acting bowel"),
    "low": words("back dose grade risk sodium salt fat"),
    "small": words("bowel cell amount amounts vessel intestine"),
    "free": words("of t air fluid water"),
    "clear": words("to bilaterally liquids liquid"),
    "grace": words("period of"),
    "rose": words("bengal hip hips water oil slightly significantly above"),
    "white": words("count cell cells blood matter male female man woman coat counts sputum plaques patches patch race"),
    "black": words("box male female man woman stool stools mold tarry race widow lung eye"),
    "brown": words("sputum sequard fat stool stools recluse urine discharge"),
    "long": words("qt acting term standing history bone bones ago lasting leg course time"),
    "young": words("adult adults man woman male female child children lady person people infant boy girl"),
    "bell": words("palsy shaped"),
    "bells": words("palsy"),
    "stone": words("passage disease burden protocol free removal size fragment fragments former extraction"),
    "case": words("of report management manager conference reports discussed series worker"),
    "day": words("of one two three four five care shift surgery program after before supply"),
    "love": words("handles"),
    "french": words("catheter foley sheath fries toast"),
    "berry": words("aneurysm aneurysms"),
    "cotton": words("wool swab ball tip"),
    "light": words("headed touch chain chains"),
    "head": words("ct injury trauma circumference of neck"),
    "olive": words("oil"),
    "summer": words("camp fever"),
    "amber": words("urine colored"),
    "moon": words("face facies"),
    "crystal": words("arthropathy clear meth"),
    "ivy": words("rash exposure"),
    "hill": words("sachs"),
    "wood": words("lamp"),
    "forest": words("plot"),
    "bishop": words("score"),
    "ring": words("worm finger"),
    "king": words("size"),
    "star": words("shaped"),
    "art": words("therapy class line"),
    "grant": words("access permission"),
    "pat": words("dry"),
    "baker": words("cyst cysts"),
    "bakers": words("cyst cysts"),
    "green": words("sputum stool discharge tea"),
}
NOT_AFTER: dict[str, frozenset[str]] = {
    "may": words("in since last by until till of early late mid next this during through"),
    "april": words("in since last by until till of early late mid next this during through"),
    "june": words("in since last by until till of early late mid next this during through"),
    "august": words("in since last by until till of early late mid next this during through"),
    "al": words("et"),
    "stone": words("kidney renal ureteral bladder bile gallbladder obstructing calculus mm cm struvite urate salivary"),
    "stones": words("kidney renal ureteral bladder bile gallbladder obstructing mm cm of salivary passed"),
    "rose": words("temperature pressure level levels count it"),
    "ng": words("an via the"),
    "bell": words("call"),
    "summer": words("last this next in the every all during"),
    "autumn": words("last this next in the every all during"),
    "winter": words("last this next in the every all during"),
    "ivy": words("poison"),
    "day": words("every each per a one this all twice"),
    "hand": words("by"),
    "min": words("ml l per"),
    "week": words("per"),
    "park": words("the"),
    "will": words("strong free own living ill against"),
    "long": words("how as so too very that this"),
    "mark": words("hour minute week month mile bite birth skin"),
    "faith": words("christian muslim jewish catholic religious"),
    "french": words("speaks in"),
}

# Two or three capitals, and dotted letters, that are clinical language before they are anybody's initials.
ABBREVIATIONS = words(
    "aa aaa abd abg abi ac acl acs ad add adl af afb ah aid aids aki al als alt am ams an ana ap ar ards arm as "
    "asa asd ast at av avf avm avr ax bal bb bbb bc bcc bd bg bid bls bm bmi bmp bnp bp bph bs bun bx ca cabg cad "
    "cap cbc cc ccu cd cea cf ch chf ci ck ckd cll cm cml cmp cmv cn cns co cpr cr crf crp cs csf ct cta cts cva "
    "cvp cvs cx cxr da dc dcm ddx dic dip dka dm dmd dnr do doa dob doe dos dp dpt dr ds dtr dub dvt dx ea ear "
    "ebv ec ecg ed eeg ef egd ekg em emg emr ems ent er ercp es esr et etoh ett ex eye fa fb fbs fe fev fh fhx "
    "fna fob fs ft fu fx ga gad gb gcs gerd gfr gi gib gm gp gu gyn hav hb hbv hcg hct hcv hd hdl he hf hfa hgb "
    "hh hhs hit hiv ho hpi hpv hr hrt hs hsv ht htn hx ia ibd ibs icd ich icp icu id ie if ig iga ige igg igm im "
    "in inr io iop ip is it itp iu iud iv ivc ivf ivp jp jvd jvp kg kub la lad lb lbbb lbp lbs lca ld ldh ldl le "
    "lfts lft lh li ll llq lmp lo loc lp lr ls lt luq lv lvef lvh ma map mcl mcv md mds me mg mgus mi ml mm mmr "
    "mo mr mra mri mrsa ms mva mvp na nad nc ng ngt nh nicu nka nkda nl nms no np npo nph nsr ns nsaid nt nv oa "
    "ob od of ok on op or ora os osa ot otc ou pa pac pad pap pat pc pcl pco pcos pcp pcr pda pe peg per pet pft "
    "ph phn pid pm pmh pmn pms pna pnd po pod pos pr prn ps psa psh pt pta ptca pth ptsd ptt pud pv pvc pvd qd "
    "qid qod qt ra rbbb rbc rca rcc rdw rf rh ria rll rlq rn ro rom ros rr rrr rsv rt rta ruq rv rvh rx sa sah "
    "sbo sbp sc scc scd sdh se sem sh si siadh sids sl sle sls sn so sob soc sp spo sq sr ss ssri st std stemi "
    "sti sub sud sup svc svt sx ta tab tah tb tbi td tee tens tft tia tib tid tka tlc tm tmj tn to top tpa tpn tr "
    "ts tsh tte tx ua uc ugi un uo up uri us usg uti uv va vag vap vas vc vf vit vs vsd vt vte wbc wd wnl wpw wt "
    "xr yo yr yrs"
)
DOTTED = words(
    "am pm ie eg md do rn np pa phd po iv im bid tid qid qd prn bp hr us usa od os ou ad as au sc sl pr dc hs ac "
    "pc ml er ed ob gi gu ent ms mr yo co ho wo ro nv bl fu sp mg kg cm mm na hx rx tx dx sx fx pt qh et al vs ft ng"
)
# Words that names of places of care share; what is left of a name without them tells it apart.
GENERIC = words(
    "the of and for at in on to a an hospital hospitals clinic clinics medical medicine center centre centers "
    "health healthcare system systems services service general family practice associates group care urgent "
    "emergency regional community county city state national memorial university college school institute "
    "foundation department dept division unit ward wing floor room bed office offices building suite campus main "
    "outpatient inpatient ambulatory primary specialty surgical surgery rehabilitation rehab nursing home hospice "
    "pharmacy laboratory laboratories lab labs imaging radiology pediatrics pediatric children childrens women "
    "womens internal cardiology oncology cancer heart eye dental physicians physician doctors partners network "
    "trust inc llc ltd llp pc pllc corp corporation company co plc gmbh pcp center's st saint mt mount north "
    "south east west new old insurance plan plans life mutual assurance senior living manor academy high "
    "elementary public district intensive icu er ed exam waiting front desk operating recovery maternity labor "
    "delivery"
)
STATES_OF_USA = words(
    "al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok "
    "or pa ri sc sd tn tx ut vt va wa wv wi wy dc massachusetts california texas florida ohio virginia washington"
)
