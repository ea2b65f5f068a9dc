"""Notes and reports: decoding, mark-up, caps."""

import pytest

from fhir_mappers.limits import Limits
from tests.support.fhir_values import ME, document


def report(**more):
    return {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "Chest film"}, "subject": ME} | more


def attached(**more):
    return {"attachment": {"contentType": "text/plain", **more}}


def test_a_plain_note_is_decoded(chart):
    (note,) = chart(document("Cough for 3 days.\r\nNo fever.")).documents
    assert (note.title, note.text, note.truncated, note.source) == (
        "Progress note", "Cough for 3 days.\nNo fever.", False, "doc-1",
    )  # fmt: skip


def test_mark_up_is_taken_off(chart):
    body = "<!-- <p>hidden --><p class='x'>Short of <b>breath</b>&nbsp;now: SpO2 < 90 %</p><script>a<b</script>"
    html = "<html><head><title>x</title></head>" + body
    (note,) = chart(document(html, content_type="text/html")).documents
    assert note.text == "Short of breath now: SpO2 < 90 %"


def test_a_cda_document_is_read_as_text(chart):
    text = "<text>rest<br/>fluids<![CDATA[ & <b>]]></text>"
    cda = f"<ClinicalDocument><section><title>Plan</title>{text}</section></ClinicalDocument>"
    assert chart(document(cda, content_type="application/xml")).documents[0].text == "Plan\n\nrest\nfluids & <b>"


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        ("Größe".encode("latin-1"), "text/plain; charset=ISO-8859-1"),
        ("Größe".encode("utf-16"), "text/plain"),
        (b"\xef\xbb\xbf" + "Größe".encode(), "text/plain"),
        ("Größe".encode("cp1252"), "text/plain; charset=idna"),
    ],
)
def test_other_encodings_are_read(chart, raw, content_type):
    assert chart(document("", raw=raw, content_type=content_type)).documents[0].text == "Größe"


def test_invisible_characters_cannot_split_a_word(chart):
    assert chart(document("Zed\u200bdy Fict\u202eion\x00al")).documents[0].text == "Zeddy Fictional"


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (document("x", content_type="application/pdf"), "not-text"),
        (document("x", content=[attached(url="https://ehr.example.org/1")]), "not-embedded"),
        (document("x", content=[attached(data="%%%")]), "invalid"),
        (document("   "), "no-value"),
        (document("x", status="superseded"), "inactive"),
        (document("x", status="entered-in-error"), "entered-in-error"),
        (document("x", docStatus="entered-in-error"), "entered-in-error"),
    ],
)  # fmt: skip
def test_a_note_that_cannot_be_read_is_refused(chart, resource, reason):
    case = chart(resource)
    assert case.documents == ()
    assert [r.reason for r in case.refused] == [reason]


def test_a_linked_binary_in_the_request_is_read(chart):
    linked = document("x", content=[attached(url="Binary/b1")])
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": "aGVsbG8="}
    assert [d.text for d in chart(linked, binary).documents] == ["hello"]


def test_the_readable_format_of_several_is_taken(chart):
    resource = document("plain words")
    resource["content"].insert(0, {"attachment": {"contentType": "application/pdf", "data": "AAAA"}})
    assert [d.text for d in chart(resource).documents] == ["plain words"]


def test_a_long_note_is_cut_after_decoding_and_says_so(chart):
    (note,) = chart(document("word " * 1000), limits=Limits(max_note_chars=50)).documents
    assert (len(note.text), note.truncated) == (50, True)


def test_mark_up_too_long_to_read_is_cut_and_says_so(chart):
    page = f"<p>begins</p><style>{'x' * 2000}</style><p>ends</p>"
    (note,) = chart(document(page, content_type="text/html"), limits=Limits(max_note_chars=50)).documents
    assert (note.text, note.truncated) == ("begins", True)


def test_a_huge_attachment_is_refused_before_it_is_decoded(reasons):
    assert reasons(document("a" * 2000), limits=Limits(max_attachment_bytes=1000)) == ["too-large"]


def test_the_newest_notes_fill_the_cap_of_the_chart_and_the_others_are_reported(chart):
    old, new = document("o" * 80, at="2030-01-01T00:00:00Z"), document("n" * 80)
    case = chart(old, new, limits=Limits(max_text_chars=60))
    assert [(d.text[0], len(d.text), d.truncated) for d in case.documents] == [("n", 60, True)]
    assert [r.reason for r in case.refused] == ["text-cap"]
    assert "doc-1" not in case.sources


def test_a_report_gives_its_conclusion_and_its_form(chart):
    form = {"contentType": "text/plain", "data": "aGVsbG8="}
    case = chart(report(conclusion="No consolidation.", presentedForm=[form], effectiveDateTime="2031-05-05"))
    assert [(d.title, d.text, d.source) for d in case.documents] == [
        ("Chest film", "No consolidation.", "rep-1"), ("Chest film", "hello", "rep-1"),
    ]  # fmt: skip


def test_a_report_without_words_is_refused(reasons):
    assert reasons(report(result=[{"reference": "Observation/o1"}])) == ["no-value"]
    assert reasons(report(status="cancelled", conclusion="never done")) == ["inactive"]


def test_one_note_sent_as_document_and_as_report_stands_once(chart):
    form = {"contentType": "text/plain", "data": "aGVsbG8="}
    case = chart(document("hello"), report(presentedForm=[form]))
    assert [d.text for d in case.documents] == ["hello"]
    assert [r.reason for r in case.refused] == ["duplicate"]
