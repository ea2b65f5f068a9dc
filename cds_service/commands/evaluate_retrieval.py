"""``cds-service evaluate retrieval``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import OUT, a_figure, in_a_folder

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_OUT_OR_DASH = click.Path(path_type=Path, dir_okay=False, writable=True, allow_dash=True)
STDOUT = "-"


@click.command("retrieval")
@click.option("--corpus", type=_FILE, required=True, help="Passages: JSON lines with _id, title and text (.gz too).")
@click.option("--queries", type=_FILE, required=True, help="Questions: JSON lines with _id and text. Only these count.")
@click.option("--qrels", type=_FILE, required=True, help="Judgements: query, passage and grade, with tabs between.")
@click.option(
    "--json",
    "json_file",
    is_flag=False,
    flag_value=STDOUT,
    type=_OUT_OR_DASH,
    callback=in_a_folder,
    help="Write every figure as JSON; without a file name print it instead of the table.",
)
@click.option("--markdown", "markdown_file", type=OUT, callback=in_a_folder, help="Write the table as Markdown.")
@click.option("--figure", "figure_file", type=OUT, callback=a_figure, help="Draw the chart (png, svg or pdf).")
@click.option("--charts", is_flag=True, help="Measure our own charts over the packaged guidelines too.")
@clear_errors
def retrieval(
    corpus: Path,
    queries: Path,
    qrels: Path,
    json_file: Path | None,
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
    from cds_service.evaluation.retrieval.report import as_json, draw, table
    from cds_service.retrieval.embedder import MiniLmEmbedder
    from cds_service.terminal import progress

    judged = read_judged(corpus, queries, qrels)
    with progress() as show:
        results = measure(judged, MiniLmEmbedder(threads=1, cache_size=0), show)
        own = measure_charts(MiniLmEmbedder(threads=1), show) if charts else {}
    text = table(judged, results, own)
    figures = json.dumps(as_json(judged, results, own), indent=1)
    click.echo(figures if json_file == Path(STDOUT) else text)
    if json_file and json_file != Path(STDOUT):
        json_file.write_text(figures + "\n", "utf-8")
    if markdown_file:
        markdown_file.write_text(text + "\n", "utf-8")
    if figure_file:
        draw(figure_file, results)
