"""The recognizers that find identifiers in text, one subject per file, listed here in the open."""

from __future__ import annotations

from presidio_analyzer import EntityRecognizer

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
from anonymization.recognizers.npi import NpiRecognizer
from anonymization.recognizers.phone import PhoneRecognizer
from anonymization.recognizers.record_number import RecordNumberRecognizer
from anonymization.recognizers.ssn import SsnRecognizer
from anonymization.recognizers.url import UrlRecognizer
from anonymization.recognizers.vehicle import VehicleRecognizer
from anonymization.recognizers.word_names import WordNameRecognizer
from anonymization.recognizers.zip_code import ZipRecognizer

PATTERN_RECOGNIZERS: tuple[type[EntityRecognizer], ...] = (
    EmailRecognizer,
    UrlRecognizer,
    EncodedDataRecognizer,
    FileNameRecognizer,
    MarkupNameRecognizer,
    MarkupNumberRecognizer,
    MarkupPlaceRecognizer,
    SsnRecognizer,
    PhoneRecognizer,
    NpiRecognizer,
    HealthPlanRecognizer,
    AccountRecognizer,
    LicenceRecognizer,
    VehicleRecognizer,
    DeviceRecognizer,
    RecordNumberRecognizer,
    IpRecognizer,
    DateRecognizer,
    AgeRecognizer,
    StreetRecognizer,
    ZipRecognizer,
    TownRecognizer,
    FacilityRecognizer,
    SmallFacilityRecognizer,
    EmployerRecognizer,
    TitledNameRecognizer,
    LabelledNameRecognizer,
    RelativeNameRecognizer,
    SubjectNameRecognizer,
    ForeignNameRecognizer,
    FrequentNameRecognizer,
    PairedNameRecognizer,
    WordNameRecognizer,
    ListedNameRecognizer,
)
