"""Documents that tests make."""

import io

from matplotlib.figure import Figure
from pypdf import PdfWriter


def printed(*pages: str) -> bytes:
    """A PDF with one page for each text; an empty text is an empty page."""
    writer = PdfWriter()
    for text in pages:
        figure, one = Figure(), io.BytesIO()
        figure.text(0.1, 0.5, text)
        figure.savefig(one, format="pdf")
        writer.append(one)
    return written(writer)


def written(writer: PdfWriter) -> bytes:
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()
