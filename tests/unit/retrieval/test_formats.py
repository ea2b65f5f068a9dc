"""What is read of each kind of file, and which files are refused."""

import io

import pytest
from pypdf import PdfReader, PdfWriter

from cds_service.retrieval import formats
from cds_service.retrieval.formats import html, markdown, pdf, plain
from cds_service.retrieval.schema import SourceError
from tests.support.documents import printed, written

SENTENCE = "Swamp fever shows green spots in adults who wade through the moor."


def told(parts) -> list[tuple[str | None, tuple[str, ...]]]:
    return [(p.heading, p.blocks) for p in parts]


def test_markdown_keeps_tables_and_code_and_drops_html():
    raw = (
        b"Intro.\n\n# A\n\n| dose | when |\n|---|---|\n| one | daily |\n\n```\ncode line\n```\n\n<script>x()</script>\n"
    )
    assert told(markdown(raw)) == [(None, ("Intro.",)), ("A", ("dose", "when", "one", "daily", "code line"))]


def test_in_plain_text_a_short_line_alone_is_a_heading():
    raw = b"Swamp fever\n===========\n\nIt shows\ngreen spots.\n\nTreatment\n\nRest.\r\n\r\nDrink.\n"
    assert told(plain(raw)) == [("Swamp fever", ("It shows green spots.",)), ("Treatment", ("Rest.", "Drink."))]


def test_of_html_the_content_is_kept_and_the_frame_of_the_page_is_not():
    raw = b"""<!doctype html><html><head><title>T</title><style>p{}</style></head><body><nav>Menu</nav>
    <h1>Swamp <em>fever</em></h1><!-- secret --><p>Shows <b>green</b> spots.</p><ul><li>Rest</li><li>Drink</li></ul>
    <h2>Dose</h2><table><tr><td>one</td><td>daily</td></tr></table><div>Loose text.</div><footer>(c)</footer></body>"""
    assert told(html(raw)) == [
        ("Swamp fever", ("Shows green spots.", "Rest", "Drink")),
        ("Dose", ("one", "daily", "Loose text.")),
    ]


@pytest.mark.parametrize(
    "markup",
    [
        "<script>steal()</script>", "<p onclick='steal()'>x</p>", "<iframe src='https://example.org'></iframe>",
        "<object data='x'></object>", "<embed src='x'>",
    ],
)  # fmt: skip
def test_a_page_with_active_content_is_refused(markup):
    with pytest.raises(SourceError, match="scripts or embedded content"):
        html(f"<p>{SENTENCE}</p>{markup}".encode())


def test_a_page_nested_beyond_reason_is_read_and_one_of_endless_tags_is_refused():
    assert told(html(b"<div>" * 5_000 + b"deep")) == [(None, ("deep",))]
    with pytest.raises(SourceError, match="more than 50000 tags"):
        html(b"<p>" * 50_001)


def test_of_a_pdf_each_page_is_a_part_under_its_number():
    parts = pdf(printed(SENTENCE, "Rest in a dry place for three days, and drink clean water."))
    assert told(parts) == [
        ("Page 1", (SENTENCE,)),
        ("Page 2", ("Rest in a dry place for three days, and drink clean water.",)),
    ]


def test_words_that_a_line_end_divides_are_joined():
    (part,) = pdf(printed("Swamp fever is a rare con-\ndition of people who wade through moors."))
    assert part.blocks == ("Swamp fever is a rare condition of people who wade through moors.",)


def test_an_encrypted_pdf_is_refused():
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(printed(SENTENCE))))
    writer.encrypt("password", algorithm="RC4-128")
    with pytest.raises(SourceError, match="encrypted"):
        pdf(written(writer))


def test_a_pdf_without_a_text_layer_is_refused():
    with pytest.raises(SourceError, match="have no text"):
        pdf(printed("", "", SENTENCE))


@pytest.mark.parametrize("cut", [b"", b"%PDF-1.7\n", b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 1 0 R >> endobj"])
def test_a_damaged_pdf_is_refused(cut):
    with pytest.raises(SourceError, match="cannot be read as a PDF"):
        pdf(cut)


def test_the_words_of_the_pdf_library_about_a_damaged_file_stay_out_of_the_log(caplog):
    with pytest.raises(SourceError):
        pdf(b"%PDF-1.4 garbage")
    assert caplog.records == []


def test_a_pdf_of_too_many_pages_or_too_slow_is_refused(monkeypatch):
    raw = printed(SENTENCE, SENTENCE)
    monkeypatch.setattr(formats, "MAX_PDF_PAGES", 1)
    with pytest.raises(SourceError, match="more than 1 pages"):
        pdf(raw)
    monkeypatch.undo()
    monkeypatch.setattr(formats, "MAX_PDF_SECONDS", -1.0)
    with pytest.raises(SourceError, match="takes longer"):
        pdf(raw)


@pytest.mark.parametrize("read", [markdown, plain, html])
@pytest.mark.parametrize(("raw", "says"), [("Größe".encode("latin-1"), "not UTF-8"), (b"a\0b", "not text")])
def test_other_encodings_and_binaries_are_refused(read, raw, says):
    with pytest.raises(SourceError, match=says):
        read(raw)


def test_a_text_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(formats, "MAX_CHARS", 100)
    with pytest.raises(SourceError, match="more than 100 characters"):
        plain(b"Swamp fever is green.\n\n" * 10)


def test_control_characters_and_ligatures_become_plain_words():
    (part,) = plain("The \ufb01rst \u202edose\u00ad is small\u0007.\n\nMore.".encode())
    assert part.blocks[0] == "The first dose is small ."
