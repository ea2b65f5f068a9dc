"""``cds-service evaluate retrieval``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cds_service.commands.client import clear_errors

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_OUT = click.Path(path_type=Path, dir_okay=False, writable=True)


@click.command("retrieval")
@click.option("--corpus", type=_FILE, required=True, help="Passages: JSON lines with _id, title and text (.gz too).")
@click.option("--queries", type=_FILE, required=True, help="Questions: JSON lines with _id and text. Only these count.")
@click.option("--qrels", type=_FILE, required=True, help="Judgements: query, passage and grade, with tabs between.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
@click.option("--markdown", "markdown_file", type=_OUT, help="Write the table as Markdown.")
@click.option("--figure", "figure_file", type=_OUT, help="Draw the chart (png, svg or pdf by its ending).")
@click.option("--charts", is_flag=True, help="Measure our own charts over the packaged guidelines too.")
@clear_errors
def retrieval(
    corpus: Path,
    queries: Path,
    qrels: Path,
    as_json: bool,
    markdown_file: Path | None,
    figure_file: Path | None,
    charts: bool,
) -> None:
    """Measure how well questions find their passages: BM25, words, meanings, and the mix that serves.

    CORPUS, QUERIES and QRELS have the BEIR layout. The index is built in a temporary folder as the service builds it.
    """
    from cds_service.evaluation.retrieval.beir import read_judged
    from cds_service.evaluation.retrieval.charts import measure_charts
    from cds_service.evaluation.retrieval.measure import measure
    from cds_service.evaluation.retrieval.report import as_json as figures
    from cds_service.evaluation.retrieval.report import draw, table
    from cds_service.retrieval.embedder import MiniLmEmbedder
    from cds_service.terminal import progress

    judged = read_judged(corpus, queries, qrels)
    with progress() as show:
        results = measure(judged, MiniLmEmbedder(threads=1, cache_size=0), show)
        own = measure_charts(MiniLmEmbedder(threads=1), show) if charts else {}
    text = table(judged, results, own)
    click.echo(json.dumps(figures(judged, results, own), indent=1) if as_json else text)
    if markdown_file:
        markdown_file.write_text(text + "\n", "utf-8")
    if figure_file:
        draw(figure_file, results)
