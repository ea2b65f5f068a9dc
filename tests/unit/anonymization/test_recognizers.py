"""Each recognizer by itself: what it masks, and what it leaves alone."""

import pytest

from anonymization.recognizers import PATTERN_RECOGNIZERS
from anonymization.recognizers.account import AccountRecognizer
from anonymization.recognizers.address import StreetRecognizer, TownRecognizer
from anonymization.recognizers.age import AgeRecognizer
from anonymization.recognizers.date import DateRecognizer
from anonymization.recognizers.device import DeviceRecognizer
from anonymization.recognizers.email import EmailRecognizer
from anonymization.recognizers.facility import EmployerRecognizer, FacilityRecognizer, SmallFacilityRecognizer
from anonymization.recognizers.frequent_names import FrequentNameRecognizer, PairedNameRecognizer
from anonymization.recognizers.health_plan import HealthPlanRecognizer
from anonymization.recognizers.ip_address import IpRecognizer
from anonymization.recognizers.licence import LicenceRecognizer
from anonymization.recognizers.machine import (
    EncodedDataRecognizer,
    FileNameRecognizer,
    MarkupNameRecognizer,
    MarkupNumberRecognizer,
    MarkupPlaceRecognizer,
)
from anonymization.recognizers.names import (
    ForeignNameRecognizer,
    LabelledNameRecognizer,
    ListedNameRecognizer,
    RelativeNameRecognizer,
    SubjectNameRecognizer,
    TitledNameRecognizer,
)
from anonymization.recognizers.npi import NpiRecognizer, luhn
from anonymization.recognizers.phone import PhoneRecognizer
from anonymization.recognizers.record_number import RecordNumberRecognizer
from anonymization.recognizers.ssn import SsnRecognizer
from anonymization.recognizers.url import UrlRecognizer
from anonymization.recognizers.vehicle import VehicleRecognizer
from anonymization.recognizers.word_names import WordNameRecognizer
from anonymization.recognizers.zip_code import ZipRecognizer

# recognizer, text, what is masked in it (in reading order, the widest where hits overlap)
MASKED = [
    (WordNameRecognizer, "faith phoned about the rash", ["faith"]),
    (WordNameRecognizer, "so far ok. Rose is on leave", ["Rose"]),
    (WordNameRecognizer, "will texted, worried", ["will"]),
    (WordNameRecognizer, "stone k 5.7, marsh inr 4.1", ["stone", "marsh"]),
    (FrequentNameRecognizer, "awaiting benjamin and nancy", ["benjamin", "nancy"]),
    (FrequentNameRecognizer, "labs of okonjo and watanabe", ["watanabe"]),
    (StreetRecognizer, "The depot is on Villacher Strasse 89.", ["Villacher Strasse 89"]),
    (StreetRecognizer, "ship it to 50668 Kiannonsuo 98, please", ["50668 Kiannonsuo 98"]),
    (StreetRecognizer, "write to Postfach 2210", ["Postfach 2210"]),
    (TownRecognizer, "flew in from Mexico City", ["Mexico City"]),
    (TownRecognizer, "raised in oklahoma city", ["oklahoma city"]),
    (TownRecognizer, "Quentin Test (71, Quellmark) fell", ["Quellmark"]),
    (TownRecognizer, "Suite 413\nWarwick\nUnited Kingdom", ["Warwick"]),
    (AgeRecognizer, "Quentin Test (103, Quellmark) fell", ["103"]),
    (SmallFacilityRecognizer, "prays at the ravidass gurdwara", ["ravidass gurdwara"]),
    (SmallFacilityRecognizer, "cook for tamsin catering", ["tamsin catering"]),
    (EmployerRecognizer, "Halvorsen Trucking wants a note", ["Halvorsen Trucking"]),
    (PhoneRecognizer, "Call 555-010-1234 today", ["555-010-1234"]),
    (PhoneRecognizer, "reach him at (555) 010-1234 ext 12", ["(555) 010-1234 ext 12"]),
    (PhoneRecognizer, "home 555.010.1234", ["555.010.1234"]),
    (PhoneRecognizer, "cell +1 555-010-1234", ["+1 555-010-1234"]),
    (PhoneRecognizer, "Fax: 010-1234", ["010-1234"]),
    (PhoneRecognizer, "mobile 5550101234", ["5550101234"]),
    (PhoneRecognizer, "London +44 20 7946 0958", ["+44 20 7946 0958"]),
    (EmailRecognizer, "write to q.test@clinic.example.org please", ["q.test@clinic.example.org"]),
    (EmailRecognizer, "nurse@hospital.local", ["nurse@hospital.local"]),
    (EmailRecognizer, "q test at: quentin at example dot com", ["quentin at example dot com"]),
    (SsnRecognizer, "SSN 123-45-6789", ["123-45-6789"]),
    (SsnRecognizer, "ss# 123456789", ["123456789"]),
    (SsnRecognizer, "000 12 3456 on file", ["000 12 3456"]),
    (SsnRecognizer, "ends in xxx-xx-6789", ["xxx-xx-6789"]),
    (RecordNumberRecognizer, "MRN: 12345", ["12345"]),
    (RecordNumberRecognizer, "Medical record number is A-99120", ["A-99120"]),
    (RecordNumberRecognizer, "Patient ID 4711x", ["4711x"]),
    (RecordNumberRecognizer, "encounter #20931", ["20931"]),
    (RecordNumberRecognizer, "see 3f2504e0-4f89-41d3-9a0c-0305e82c3301", ["3f2504e0-4f89-41d3-9a0c-0305e82c3301"]),
    (RecordNumberRecognizer, "label S99991568 on it", ["S99991568"]),
    (RecordNumberRecognizer, "number 84213377 on it", ["84213377"]),
    (HealthPlanRecognizer, "Member ID: XQ12345", ["XQ12345"]),
    (HealthPlanRecognizer, "Medicare number 1EG4-TE5-MK73", ["1EG4-TE5-MK73"]),
    (HealthPlanRecognizer, "card shows 1EG4TE5MK73", ["1EG4TE5MK73"]),
    (AccountRecognizer, "Acct # 55-20931", ["55-20931"]),
    (AccountRecognizer, "paid by 4111 1111 1111 1111", ["4111 1111 1111 1111"]),
    (LicenceRecognizer, "DL: D1234567", ["D1234567"]),
    (LicenceRecognizer, "DEA AB1234563", ["AB1234563"]),
    (NpiRecognizer, "NPI: 1234567893", ["1234567893"]),
    (NpiRecognizer, "ordered under 1234567893", ["1234567893"]),
    (VehicleRecognizer, "VIN 1HGCM82633A004352", ["1HGCM82633A004352"]),
    (VehicleRecognizer, "license plate ABC-1234", ["ABC-1234"]),
    (DeviceRecognizer, "pacemaker serial number PJN-882213", ["PJN-882213"]),
    (DeviceRecognizer, "MAC 00:1A:2B:3C:4D:5E", ["00:1A:2B:3C:4D:5E"]),
    (UrlRecognizer, "see https://portal.example.org/p?id=7.", ["https://portal.example.org/p?id=7"]),
    (UrlRecognizer, "posted on facebook.com/quentin", ["facebook.com/quentin"]),
    (IpRecognizer, "logged from 192.168.10.7", ["192.168.10.7"]),
    (IpRecognizer, "logged from 2001:db8::1", ["2001:db8::1"]),
    (DateRecognizer, "born 1949-08-02", ["1949-08-02"]),
    (DateRecognizer, "seen 8/2/1949 and 08-02-49", ["8/2/1949", "08-02-49"]),
    (DateRecognizer, "on August 2, 1949", ["August 2, 1949"]),
    (DateRecognizer, "on 2nd of August 1949", ["2nd of August 1949"]),
    (DateRecognizer, "dated 18-Nov-20", ["18-Nov-20"]),
    (DateRecognizer, "at 2026-01-02T09:30:00Z", ["2026-01-02T09:30:00Z"]),
    (DateRecognizer, "admitted 5/23, discharged 6/2", ["5/23", "6/2"]),
    (DateRecognizer, "the MRI of 03/2021", ["03/2021"]),
    (DateRecognizer, '"when": "8/3", "pain": "8/10"', ["8/3"]),
    (DateRecognizer, "surgery in March", ["March"]),
    (DateRecognizer, "a scan on 7/10 raised questions", ["7/10"]),
    (DateRecognizer, "since Christmas", ["Christmas"]),
    (DateRecognizer, "file note_20260102.txt", ["20260102"]),
    (DateRecognizer, "DOB: 1949", ["1949"]),
    (DateRecognizer, "working since 1938", ["1938"]),
    (AgeRecognizer, "a 94-year-old woman", ["94"]),
    (AgeRecognizer, "ninety-one years old", ["ninety-one"]),
    (AgeRecognizer, "aged 102", ["102"]),
    (AgeRecognizer, "92F with cough", ["92"]),
    (AgeRecognizer, "a man in his 90s", ["90s"]),
    (StreetRecognizer, "lives at 103 Elm Mill Road Unit 40", ["103 Elm Mill Road Unit 40"]),
    (StreetRecognizer, "mail to P.O. Box 117", ["P.O. Box 117"]),
    (StreetRecognizer, "lives at 12 oak street", ["12 oak street"]),
    (TownRecognizer, "of Fakeville, Massachusetts", ["Fakeville"]),
    (TownRecognizer, "She moved from New Fakeville", ["New Fakeville"]),
    (ZipRecognizer, "MA 01880", ["01880"]),
    (ZipRecognizer, "99501-1234", ["99501-1234"]),
    (ZipRecognizer, "zip code 99501", ["99501"]),
    (FacilityRecognizer, "seen at Fakeville Memorial Hospital", ["Fakeville Memorial Hospital"]),
    (FacilityRecognizer, "MRI at Stone Family Clinic", ["Stone Family Clinic"]),
    (SmallFacilityRecognizer, "seen at st. elizabeth medical center", ["st. elizabeth medical center"]),
    (SmallFacilityRecognizer, "a letter from beacon memorial hospital", ["beacon memorial hospital"]),
    (EmployerRecognizer, "works for Testco and Sons", ["Testco and Sons"]),
    (TitledNameRecognizer, "Mr. Testperson is here", ["Testperson"]),
    (TitledNameRecognizer, "Dr. Anna van Fictiva's note", ["Anna van Fictiva"]),
    (TitledNameRecognizer, "Quentin Testperson, MD", ["Quentin Testperson"]),
    (TitledNameRecognizer, "MRS. TESTPERSON called", ["TESTPERSON"]),
    (TitledNameRecognizer, "mr testperson has a cough", ["testperson"]),
    (LabelledNameRecognizer, "Patient: Testperson, Quentin", ["Testperson, Quentin"]),
    (LabelledNameRecognizer, "Attending: Dr. Anna Fictiva", ["Anna Fictiva"]),
    (LabelledNameRecognizer, "Sincerely,\nAnna Fictiva", ["Anna Fictiva"]),
    (LabelledNameRecognizer, "Seen by Anna Fictiva today", ["Anna Fictiva"]),
    (RelativeNameRecognizer, "lives with daughter Zelda", ["Zelda"]),
    (RelativeNameRecognizer, "his wife, Zelda Fictiva, called", ["Zelda Fictiva"]),
    (RelativeNameRecognizer, "Discussed with son (Zebedee)", ["Zebedee"]),
    (TitledNameRecognizer, "MR TESTPERSON REPORTS PAIN", ["TESTPERSON"]),
    (PhoneRecognizer, "call 5 5 5 8 2 6 5 6 9 7", ["5 5 5 8 2 6 5 6 9 7"]),
    (PhoneRecognizer, "Call 555-\n826-5697", ["555-\n826-5697"]),
    (PhoneRecognizer, "mobile 07700 900123", ["07700 900123"]),
    (PhoneRecognizer, "not answering at 78 651 450", ["78 651 450"]),
    (PhoneRecognizer, "five five five eight two six five", ["five five five eight two six five"]),
    (SsnRecognizer, "1 2 3 - 4 5 - 6 7 8 9", ["1 2 3 - 4 5 - 6 7 8 9"]),
    (EmailRecognizer, "anna.stone@\nexample.org", ["anna.stone@\nexample.org"]),
    (DateRecognizer, "dob mar 5 61", ["mar 5 61"]),
    (StreetRecognizer, "at 42.50436, -71.064061", ["42.50436, -71.064061"]),
    (StreetRecognizer, "lives at Musterweg 12", ["Musterweg 12"]),
    (MarkupNameRecognizer, '{"lastName": "Testperson"}', ["Testperson"]),
    (MarkupNameRecognizer, '<family value="Testperson"/><given>Zelda</given>', ["Testperson", "Zelda"]),
    (MarkupNameRecognizer, "7^TESTPERSON^ZELDA", ["TESTPERSON^ZELDA"]),
    (MarkupNumberRecognizer, '"mrn":"4711", "visit_id": 812', ["4711", "812"]),
    (MarkupNumberRecognizer, "PID|1||4711^^^H||T^Z", ["1||4711^^^H||T^Z"]),
    (MarkupPlaceRecognizer, '"city": "Fakeville"', ["Fakeville"]),
    (FileNameRecognizer, "see Testperson_Zelda.pdf", ["Testperson_Zelda.pdf"]),
    (FileNameRecognizer, "in /home/ztest/visit.docx", ["/home/ztest/visit.docx"]),
    (FileNameRecognizer, "user ztest1961 wrote", ["ztest1961"]),
    (EncodedDataRecognizer, "data:text/plain;base64,WmVsZGE=", ["data:text/plain;base64,WmVsZGE="]),
    (EncodedDataRecognizer, "WmVsZGEgVGVzdHBlcnNvbiwgMTk2MQ==", ["WmVsZGEgVGVzdHBlcnNvbiwgMTk2MQ=="]),
    (StreetRecognizer, "12 Testgata 7 Apt. 8\nFake\n, CO\n 64677", ["12 Testgata 7 Apt. 8\nFake\n, CO\n 64677"]),
    (StreetRecognizer, "to 9 Rue de la Fiction, Paris", ["9 Rue de la Fiction"]),
    (StreetRecognizer, "PSC 4095, Box 8316\nAPO AE 85103", ["PSC 4095, Box 8316\nAPO AE 85103"]),
    (StreetRecognizer, "at the corner of Elm and Fiction", ["Elm and Fiction"]),
    (ZipRecognizer, "ZIP: 394 13", ["394 13"]),
    (SubjectNameRecognizer, "Grace Stone presents with a cough", ["Grace Stone"]),
    (SubjectNameRecognizer, "my name is zelda testperson", ["zelda testperson"]),
    (FrequentNameRecognizer, "ask gutierrez or Katherine; NGUYEN agrees", ["gutierrez", "Katherine", "NGUYEN"]),
    (PairedNameRecognizer, "pt deborah a. kowalska and ANNA STONE came", ["deborah a. kowalska", "ANNA STONE"]),
    (ForeignNameRecognizer, "Called Łukasz Fikcyjny today", ["Łukasz Fikcyjny"]),
    (ForeignNameRecognizer, "im Gespräch mit Иван Петров heute", ["Gespräch", "Иван Петров"]),
    (ListedNameRecognizer, "SMITH, JOHN", ["SMITH, JOHN"]),
    (ListedNameRecognizer, "Smith, John A presented", ["Smith, John A"]),
    (ListedNameRecognizer, "FICTIVA, ZORP DOB", ["FICTIVA, ZORP"]),
    (AgeRecognizer, "94 years, frail", ["94"]),
    (AgeRecognizer, "94yF with a fall", ["94"]),
    (AgeRecognizer, "94 WF here", ["94"]),
    (AgeRecognizer, "F/94, sob", ["94"]),
    (AgeRecognizer, "Age (years): 94", ["94"]),
    (AgeRecognizer, "Age-94", ["94"]),
    (AgeRecognizer, "94 or 95 yo", ["94 or 95"]),
    (AgeRecognizer, "she's 94", ["94"]),
    (AgeRecognizer, "she is ninety-five.", ["ninety-five"]),
    (AgeRecognizer, "pt 94, s/p fall", ["94"]),
    (AgeRecognizer, "94, f, sob", ["94"]),
    (AgeRecognizer, "mother died at 94", ["94"]),
    (AgeRecognizer, "lived to 98", ["98"]),
    (AgeRecognizer, "mom 91 alive", ["91"]),
    (AgeRecognizer, "sister, d. 95", ["95"]),
    (AgeRecognizer, "age at death 93", ["93"]),
    (AgeRecognizer, "her 95th birthday", ["95th"]),
    (AgeRecognizer, "in the mid-90s, frail", ["90s"]),
    (AgeRecognizer, "early nineties", ["nineties"]),
    (AgeRecognizer, "married 71 years", ["71"]),
    (AgeRecognizer, "a WWII veteran", ["WWII"]),
    (AgeRecognizer, "a 97F with cough", ["97"]),
    (DateRecognizer, "3/4: pt had fever", ["3/4"]),
    (DateRecognizer, "labs 3/4, echo 1/8: EF 45", ["3/4", "1/8"]),
    (DateRecognizer, "will return 4/4", ["4/4"]),
    (DateRecognizer, "f/u 3-28", ["3-28"]),
    (DateRecognizer, "hospitalized 2/2-2/5", ["2/2-2/5"]),
    (DateRecognizer, "(3/4-3/9)", ["3/4-3/9"]),
    (DateRecognizer, "flu shot 10/2", ["10/2"]),
    (DateRecognizer, "s/p CABG 4/09", ["4/09"]),
    (DateRecognizer, "mar 14 2025 and mar 15", ["mar 14 2025", "mar 15"]),
    (DateRecognizer, "on may 3 she fell", ["may 3"]),
    (DateRecognizer, "in may, since Mar", ["may", "Mar"]),
    (DateRecognizer, "January was hard", ["January"]),
    (DateRecognizer, "03 14 2025", ["03 14 2025"]),
    (DateRecognizer, "on 031425", ["031425"]),
    (DateRecognizer, "7\\9\\61", ["7\\9\\61"]),
    (DateRecognizer, "Jul-61", ["Jul-61"]),
    (DateRecognizer, "born july of 61", ["july of 61"]),
    (DateRecognizer, "December twenty eighth", ["December twenty eighth"]),
    (DateRecognizer, "the ninth of July", ["ninth of July"]),
    (DateRecognizer, "died on the 5th", ["5th"]),
    (DateRecognizer, "winter 2024, spring of 2025", ["winter 2024", "spring of 2025"]),
    (DateRecognizer, "in fall 2024", ["fall 2024"]),
    (DateRecognizer, "Q3 2025, late 2025", ["Q3 2025", "late 2025"]),
    (DateRecognizer, "week 7 of 2025", ["week 7 of 2025"]),
    (DateRecognizer, "class of 1945, served in 1944", ["1945", "1944"]),
    (PhoneRecognizer, "uses the pharmacy, 963-0199", ["963-0199"]),
    (PhoneRecognizer, "011 44 20 7946 0958", ["011 44 20 7946 0958"]),
    (PhoneRecognizer, "pager 4471, x4472", ["4471", "4472"]),
    (PhoneRecognizer, "414-772-O938", ["414-772-O938"]),
    (HealthPlanRecognizer, "BCBS XYP123A45678", ["XYP123A45678"]),
    (RecordNumberRecognizer, "HAR 5512", ["5512"]),
    (RecordNumberRecognizer, "AD:mk D: today", ["AD:mk"]),
    (VehicleRecognizer, "plate 441-XKR, plate 7ABC123", ["441-XKR", "7ABC123"]),
    (UrlRecognizer, "instagram: ztest1, or @zt", ["ztest1", "zt"]),
    (StreetRecognizer, "at 41.8781N 87.6298W", ["41.8781N 87.6298W"]),
    (StreetRecognizer, "1132 elm st", ["1132 elm st"]),
    (StreetRecognizer, "lives on elm street", ["elm street"]),
    (StreetRecognizer, "lives off hwy 82", ["hwy 82"]),
    (StreetRecognizer, "HC 61 Box 23, Rt 2 Box 114", ["HC 61 Box 23", "Rt 2 Box 114"]),
    (TownRecognizer, "held at cook county jail", ["cook county"]),
    (ZipRecognizer, "springfield il 62704", ["62704"]),
    (FacilityRecognizer, "with Sacred Fiction parish", ["Sacred Fiction parish"]),
    (EmployerRecognizer, "worked 30 yrs for Testco Pacific", ["Testco Pacific"]),
]  # fmt: skip

KEPT = [
    (WordNameRecognizer, "hope to see her; mark the site; bill was sent"),
    (WordNameRecognizer, "will have called. may need rest. free t4 1.2, low k 3.1, cord ph 7.2, art ph 7.3, jan hb 9"),
    (WordNameRecognizer, "the patient called; school rang; hands are cold"),
    (FrequentNameRecognizer, "gene BRCA1, ted hose, timothy grass, alexia"),
    (StreetRecognizer, "gave 120 Lisinopril 20, then BP 120 Systolic 80, Pulse"),
    (TownRecognizer, "HR (102, regular), sats (98, on air), she is (45, diabetic)"),
    (AgeRecognizer, "HR (102, regular)"),
    (SmallFacilityRecognizer, "works at a paper mill, eats at the diner, for the fire department"),
    (EmployerRecognizer, "Health Insurance denied"),
    (FacilityRecognizer, "Betadine Prep, Left Temple tender"),
    (PhoneRecognizer, "BP 120-140 over 80, 100-1000 mL, Na 135-145"),
    (PhoneRecognizer, "PMH 3 pregnancies, WBC 12.4, platelets 250-400"),
    (EmailRecognizer, "SpO2 95%@2L, metoprolol 25 mg @ bedtime"),
    (SsnRecognizer, "BP 120/80, 3-5 days, last four days"),
    (RecordNumberRecognizer, "WBC 12000, viral load 1200000 copies/mL, order another test, case 2"),
    (RecordNumberRecognizer, "NDA020503 0.3 mL autoinjector"),
    (HealthPlanRecognizer, "plan: recheck in 2 weeks; group 2 pulmonary hypertension"),
    (AccountRecognizer, "on account of pain; card 2"),
    (LicenceRecognizer, "Hgb 12.3 g/dL 4.5 permit"),
    (NpiRecognizer, "platelets 1234567890 fictional"),
    (VehicleRecognizer, "tectal plate normal; growth plate intact"),
    (DeviceRecognizer, "serial troponins 0.02 and 0.04, a lot of pain"),
    (UrlRecognizer, "e.g. with food, i.e. daily"),
    (IpRecognizer, "at 08:30:15, version 1.2.3"),
    (DateRecognizer, "for 3 days, 2 hours ago, 67 years old, in 2015"),
    (DateRecognizer, "pain 7/10, strength 5/5, BP 120/80, murmur 2/6, vision 20/40, GCS 14/15"),
    (DateRecognizer, "rates them around 6/10, pain on 7/10 scale"),
    (DateRecognizer, "on Monday, in 1950 mL, at 1930, in 1900 ml, since 2015"),
    (DateRecognizer, "may 5 mg help; may be due; 1/2 tablet"),
    (AgeRecognizer, "a 67-year-old man, 89 years old, HR 94, SpO2 96%, 120 mg"),
    (StreetRecognizer, "2 tablets daily, 5 mg at night, 10 mL drip"),
    (TownRecognizer, "She moved from Texas; transferred from Cardiology"),
    (ZipRecognizer, "WBC 12500, glucose 0.5, CPT 99213"),
    (FacilityRecognizer, "Mental Health, General Surgery, Home Health"),
    (
        SmallFacilityRecognizer,
        "seen at an outside hospital, sent to urgent care, back to the local clinic, at high school",
    ),
    (EmployerRecognizer, "works at night, works with pain"),
    (TitledNameRecognizer, "MR angiography, MS relapse, dr appointment, Dr. visit"),
    (LabelledNameRecognizer, "Patient: stable. Assessment: Hypertension. Thanks, will follow"),
    (RelativeNameRecognizer, "mother had diabetes, father Deceased, sister with asthma"),
    (PhoneRecognizer, "BP 120 80 98 16, 138 4.2 104 22 14 1.1, call back in 2 weeks, one two three"),
    (MarkupNameRecognizer, '{"name": "Glucose", "value": 96}, 10^3, x^2'),
    (MarkupNumberRecognizer, '{"value": 4711, "unit": "mg"}, |r| = 2'),
    (MarkupPlaceRecognizer, '{"code": "I21.9"}, <b>stable</b>'),
    (FileNameRecognizer, "CT_abdomen.pdf, and/or, 5 mg/kg/day, q4-6h, user of tobacco"),
    (EncodedDataRecognizer, "beta-2-microglobulin/creatinine ratio, anti-cyclic-citrullinated-peptide-antibody"),
    (SubjectNameRecognizer, "Chest Pain is a concern. Blood Pressure was seen to rise. The Patient presents."),
    (
        FrequentNameRecognizer,
        "Epstein-Barr virus, Bence Jones protein, Wilson disease, GINA guideline, Smith, stone, Texas",
    ),
    (PairedNameRecognizer, "anna said, anna was here, anna metformin, ana titer, eva test"),
    (PairedNameRecognizer, "My daughter Ottilie made me come, Zofia held my hand."),
    (ForeignNameRecognizer, "Ménière disease, Sjögren syndrome, β-blocker, α1, 5 µg, naïve, Guillain-Barré"),
    (ListedNameRecognizer, "HYPERTENSION, ESSENTIAL; Nausea, Vomiting; DIABETES MELLITUS, TYPE"),
    (AgeRecognizer, "Temp 102 F, T 97 F, Tmax 103 F, temp 103F this am, fever to 102 F with chills, a 102 F fever"),
    (AgeRecognizer, "walked 100 m, HR 110 male pt, BP 130 f/u, SBP 110 and she has pain, LDL 110 man"),
    (AgeRecognizer, "neck turns 90 degrees, turned 95% better, his age 95th percentile"),
    (AgeRecognizer, "pt is 130, wants to lose weight; he is 110 and falling"),
    (AgeRecognizer, "(97, normal), (95, on room air); pt was 94, HR 80; BP pt is 100; Patient was 98 and RA"),
    (AgeRecognizer, "her BP in her 120s, HR in her 90s, sats in the mid-90s"),
    (AgeRecognizer, "aged 100 days, age 120 hours, age is 92 days"),
    (AgeRecognizer, "100 pack years, 90 day supply, 118/94, in the 1990s, the 100 m walk"),
    (DateRecognizer, "6/12 OD, 20/25 OS; 6/12. VA 6/18 right"),
    (DateRecognizer, "strength 4/5-5/5, full (5/5), 4/5 RUE, reflexes 2/4, 2/6-3/6 SEM"),
    (DateRecognizer, "3/4 cup of rice, 1/2 tab, 1/3 of the time, 2/4 bottles positive, 2/3 pack per day"),
    (DateRecognizer, "2/6 systolic murmur\n5/5 strength bilaterally"),
    (DateRecognizer, "f/u 2-3 weeks, return 3-4 days, covid vaccine 1/2, Norco 5/325"),
    (DateRecognizer, "s/p fall 2019, fall in 2019, winter, last spring, early 2000s, mid-1990s, the 2021 guideline"),
    (DateRecognizer, "may cause pain, this may help, on the 5th toe, week 7 of pregnancy, I/O 10/12"),
    (PhoneRecognizer, "500-1000 mL, 250-4000, 200-1200 kcal, NDC 0093-7214-01, x1000, 250-1234 mg"),
    (RecordNumberRecognizer, "CPT 99213-25, SNOMED 38341003, NDC 0093-7214-01, LOINC 4548-4"),
    (HealthPlanRecognizer, "Medicare 2026, Blue Cross"),
    (VehicleRecognizer, "plate 4 holes, LCP plate 3.5 mm"),
    (UrlRecognizer, "95% @hs, 2 L @ra, facebook user"),
    (StreetRecognizer, "lives on the street, found on floor, 24 hour drive, 100 cal st"),
    (ZipRecognizer, "platelets or 12500, give me 12345"),
    (TownRecognizer, "to the county, of another county"),
    (FacilityRecognizer, "Discharged to school"),
]


def found(recognizer, text):
    """The masked strings, overlapping hits joined."""
    spans = []
    for hit in sorted(recognizer().analyze(text, [], None), key=lambda r: (r.start, -r.end)):
        if spans and hit.start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], hit.end))
        else:
            spans.append((hit.start, hit.end))
    return [text[a:b] for a, b in spans]


@pytest.mark.parametrize(("recognizer", "text", "expected"), MASKED, ids=lambda v: getattr(v, "__name__", None))
def test_a_recognizer_masks_its_identifier_whole_and_nothing_beside(recognizer, text, expected):
    assert found(recognizer, text) == expected


@pytest.mark.parametrize(("recognizer", "text"), KEPT, ids=lambda v: getattr(v, "__name__", None))
def test_a_recognizer_leaves_clinical_language(recognizer, text):
    assert found(recognizer, text) == []


def test_every_recognizer_has_a_case_that_fires_and_one_that_does_not():
    assert {r for r, *_ in MASKED} == set(PATTERN_RECOGNIZERS) == {r for r, *_ in KEPT}


def test_needs_never_hides_a_match():
    """A form that is skipped for want of its words would have matched nothing."""
    for recognizer, text, _ in MASKED:
        made = recognizer()
        expected = {(h.start, h.end) for h in made.analyze(text, [], None)}
        made._compiled = [(pattern, score, None) for pattern, score, _ in made._compiled]
        assert {(h.start, h.end) for h in made.analyze(text, [], None)} == expected, text


def test_the_npi_check_digit_is_the_one_of_the_standard():
    assert luhn("80840" + "1234567893")
    assert not luhn("80840" + "1234567890")
