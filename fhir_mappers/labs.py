"""Laboratory tests that rules read, each in one canonical unit, and the series made of them.

Codes: LOINC 2.82. Blood, serum, plasma and capillary codes of one analyte are one series, as are mass and substance
concentrations (molar masses: IUPAC 2021 atomic weights; urea nitrogen counts the two nitrogen atoms of urea). Assays
whose figures do not compare (conventional and high-sensitivity troponin, BNP and NT-proBNP, direct and venous gases)
stay apart. eGFR codes with a race coefficient (48643-1, 88293-6) are left out on purpose: NKF-ASN Task Force 2021.

`low` and `high` bound what has been measured in living patients, wide on purpose: beyond them lies a typing or unit
error. They are this project's own, set outside the ranges of valid values in MIMIC-Extract (Wang et al., CHIL 2020),
and no reference ranges. Those of creatinine part mg/dL from umol/L, whose figures are 88 times as large.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from fhir_mappers import units
from fhir_mappers.case import LabSeries, Measurement

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Lab:
    """One test. `same` are LOINC codes read as this one; `bare`: a number without a unit is in `unit` by convention."""

    loinc: str
    label: str
    unit: str
    low: Decimal
    high: Decimal
    same: tuple[str, ...] = ()
    molar_mass: Decimal | None = None
    valence: int | None = None
    bare: bool = False


def _lab(
    loinc: str,
    label: str,
    unit: str,
    low: str,
    high: str,
    *same: str,
    molar_mass: str | None = None,
    valence: int | None = None,
    bare: bool = False,
) -> Lab:
    return Lab(
        loinc=loinc,
        label=label,
        unit=unit,
        low=Decimal(low),
        high=Decimal(high),
        same=same,
        molar_mass=Decimal(molar_mass) if molar_mass else None,
        valence=valence,
        bare=bare,
    )


LABS: tuple[Lab, ...] = (
    _lab("2160-0", "Creatinine", "mg/dL", "0.1", "40", "38483-4", "14682-9", "77140-2", molar_mass="113.12"),
    _lab("33914-3", "eGFR", "mL/min/{1.73_m2}", "0", "250", "98979-8", "62238-1", "48642-3", "69405-9", "77147-7",
         "88294-4"),
    _lab("3094-0", "Urea nitrogen", "mg/dL", "0.5", "400", "6299-2", "14937-7", "22664-7", molar_mass="28.014"),
    _lab("2823-3", "Potassium", "mmol/L", "1", "12", "6298-4", "32713-0", "39789-3", valence=1),
    _lab("2951-2", "Sodium", "mmol/L", "80", "220", "2947-0", "32717-1", "39791-9", valence=1),
    _lab("2075-0", "Chloride", "mmol/L", "40", "180", "2069-3", valence=1),
    _lab("1963-8", "Bicarbonate", "mmol/L", "1", "80", "1960-4", valence=1),
    _lab("2028-9", "Carbon dioxide, total", "mmol/L", "1", "80", "20565-8", valence=1),
    _lab("17861-6", "Calcium", "mg/dL", "2", "30", "49765-1", "2000-8", molar_mass="40.078", valence=2),
    _lab("1994-3", "Calcium, ionized", "mmol/L", "0.2", "5", "1995-0", molar_mass="40.078", valence=2),
    _lab("19123-9", "Magnesium", "mg/dL", "0.1", "30", "2601-3", molar_mass="24.305", valence=2),
    _lab("2777-1", "Phosphate", "mg/dL", "0.1", "40", "14879-1", molar_mass="30.974"),
    _lab("2345-7", "Glucose", "mg/dL", "5", "3000", "2339-0", "14749-6", "15074-8", "41653-7", "14743-9", "2340-8",
         "1558-6", "14771-0", "32016-8",
         molar_mass="180.156"),
    _lab("4548-4", "Hemoglobin A1c", "%", "2", "25", "17856-6", "59261-8"),
    _lab("2524-7", "Lactate", "mmol/L", "0.05", "50", "32693-4", "2518-9", "2519-7", molar_mass="90.08"),
    _lab("718-7", "Hemoglobin", "g/dL", "1", "30", "20509-6", "30313-1"),
    _lab("4544-3", "Hematocrit", "%", "3", "90", "20570-8"),
    _lab("6690-2", "Leukocytes", "10*3/uL", "0", "1000", "26464-8", "804-5"),
    _lab("751-8", "Neutrophils", "10*3/uL", "0", "500", "26499-4", "753-4"),
    _lab("777-3", "Platelets", "10*3/uL", "0", "5000", "26515-7"),
    _lab("6301-6", "INR", "1", "0.5", "30", "34714-6", bare=True),
    _lab("14979-9", "aPTT", "s", "10", "500", "3173-2"),
    _lab("48065-7", "D-dimer FEU", "ug/mL", "0", "500"),
    _lab("10839-9", "Troponin I", "ng/mL", "0", "1000"),
    _lab("89579-7", "Troponin I, high sensitivity", "ng/L", "0", "1000000"),
    _lab("6598-7", "Troponin T", "ng/mL", "0", "1000"),
    _lab("67151-1", "Troponin T, high sensitivity", "ng/L", "0", "1000000"),
    _lab("30934-4", "BNP", "pg/mL", "0", "100000", "42637-9"),
    _lab("33762-6", "NT-proBNP", "pg/mL", "0", "500000"),
    _lab("1988-5", "C-reactive protein", "mg/L", "0", "1000"),
    _lab("33959-8", "Procalcitonin", "ng/mL", "0", "2000", "75241-0"),
    _lab("1975-2", "Bilirubin, total", "mg/dL", "0", "100", "14631-6", "42719-5", molar_mass="584.66"),
    _lab("1742-6", "Alanine aminotransferase", "U/L", "0", "50000"),
    _lab("1920-8", "Aspartate aminotransferase", "U/L", "0", "50000"),
    _lab("6768-6", "Alkaline phosphatase", "U/L", "0", "20000"),
    _lab("3040-3", "Lipase", "U/L", "0", "100000"),
    _lab("1751-7", "Albumin", "g/dL", "0.3", "10"),
    _lab("2744-1", "Arterial pH", "[pH]", "6.3", "8", bare=True),
    _lab("2019-8", "Arterial carbon dioxide pressure", "mm[Hg]", "5", "250"),
    _lab("2703-7", "Arterial oxygen pressure", "mm[Hg]", "10", "800"),
    _lab("13457-7", "LDL cholesterol", "mg/dL", "1", "2000", "18262-6", "2089-1", molar_mass="386.65"),
    _lab("2085-9", "HDL cholesterol", "mg/dL", "1", "300", molar_mass="386.65"),
    _lab("2093-3", "Cholesterol, total", "mg/dL", "10", "3000", molar_mass="386.65"),
    _lab("2571-8", "Triglycerides", "mg/dL", "5", "30000", molar_mass="885.4"),
    _lab("3016-3", "Thyrotropin (TSH)", "m[IU]/L", "0", "2000", "11579-0", "11580-8"),
    _lab("9318-7", "Urine albumin to creatinine ratio", "mg/g", "0", "50000", "14959-1", "32294-1",
         molar_mass="113.12"),
    # No laboratory tests, but numbers over time like them.
    _lab("44261-6", "PHQ-9 total score", "{score}", "0", "27", bare=True),
    _lab("55758-7", "PHQ-2 total score", "{score}", "0", "6", bare=True),
    _lab("8664-5", "Cigarette pack-years", "{PackYears}", "0", "400", bare=True),
    _lab("18185-9", "Gestational age", "wk", "0", "45", "11884-4", "11885-1", "49051-6"),
    _lab("10230-1", "Left ventricular ejection fraction", "%", "2", "95"),
    _lab("19926-5", "FEV1/FVC", "%", "5", "120"),
    # Of the electrocardiogram, read as single results like the above.
    _lab("8634-8", "QT interval", "ms", "100", "1000"),
    _lab("8636-3", "QT interval, corrected", "ms", "100", "1000"),
)  # fmt: skip

BY_CODE: Mapping[str, Lab] = {code: lab for lab in LABS for code in (lab.loinc, *lab.same)}

_IFCC_UNITS = frozenset({"mmol/mol", "mmol/mol{Hb}"})
_HBA1C = "4548-4"


def to_canonical(lab: Lab, value: Decimal, unit: str) -> Decimal | None:
    """`value` in the unit of `lab`, None when it cannot be converted."""
    if lab.loinc == _HBA1C and unit.strip() in _IFCC_UNITS:
        # NGSP % = 0.09148 * IFCC + 2.152 (IFCC/NGSP master equation, Hoelzel et al., Clin Chem 2004;50:166).
        return units.tidy((Decimal("0.09148") * value + Decimal("2.152")).quantize(Decimal("0.01")))
    return units.convert(value, unit, lab.unit, molar_mass=lab.molar_mass, valence=lab.valence)


def series(results: Iterable[Measurement]) -> tuple[tuple[LabSeries, ...], tuple[Measurement, ...]]:
    """Results by LOINC code, newest first (undated ones last), and those whose unit does not fit their series."""
    groups: dict[str, list[Measurement]] = defaultdict(list)
    for result in results:
        groups[result.kind].append(result)
    made, misfits = [], []
    for code, group in groups.items():
        group.sort(key=lambda r: r.when.start if r.when else _LONG_AGO, reverse=True)
        fitting = []
        for result in group:
            value = units.convert(result.value, result.unit, group[0].unit)
            if value is None:
                misfits.append(result)
            else:
                fitting.append(replace(result, value=value, unit=group[0].unit) if value != result.value else result)
        made.append(LabSeries(loinc=code, label=fitting[0].label, results=tuple(fitting)))
    return tuple(made), tuple(misfits)
