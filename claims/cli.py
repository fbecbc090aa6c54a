"""The command line: options, printing and exit codes; every decision is made elsewhere.

Results go to stdout, everything said to a person goes to stderr. Exit codes: 0 done, 1 a gate failed (only when
asked for with --fail-on), 2 could not run or could not read an article.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from claims.errors import ClaimsError, ModelError

if TYPE_CHECKING:
    from claims.batch import Progressed
    from claims.detect import Detector
    from claims.document import Document
    from claims.findings import Report
    from claims.folder import Listing
    from claims.nli import Progress
    from claims.results import Totals

T = TypeVar("T")

app = typer.Typer(
    name="claims",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

FAILED_GATE, COULD_NOT_RUN = 1, 2
INTERRUPTED = 128 + signal.SIGINT  # as shells say it


def _version(asked: bool) -> None:
    if asked:
        from claims import __version__

        typer.echo(f"claims {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Find the statements of an article that contradict each other, in about 100 languages, offline."""


class Format(StrEnum):
    """Output formats, as `claims.render.FORMATS` has them."""

    text = "text"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    md = "md"
    html = "html"


def _stdin_once(articles: list[str]) -> list[str]:
    if articles.count("-") > 1:
        raise typer.BadParameter("standard input can be read once only; give - a single time")
    return articles


Articles = Annotated[
    list[str],
    typer.Argument(
        metavar="ARTICLE", help="Text, Markdown or HTML files; - reads standard input.", callback=_stdin_once
    ),
]
OutputFormat = Annotated[Format, typer.Option("--format", "-f", help="How to write what was found.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of standard output.")
]
Language = Annotated[str | None, typer.Option(help="Language of the articles, e.g. es.  [default: detected]")]
ModelName = Annotated[
    str | None, typer.Option(help="Model folder, Hugging Face hub id or alias.  [default: the bundled model]")
]
Device = Annotated[
    str | None, typer.Option(help="cpu or cuda, for models run by torch.  [default: cuda where there is one]")
]
MaxPairs = Annotated[
    int | None,
    typer.Option(min=1, help="Pairs of an article to read at most, most related first.  [default: 8 a statement]"),
]
Threshold = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Confidence from which a pair is a finding.  [default: the model's]"),
]
ClaimsOnly = Annotated[
    bool, typer.Option("--claims-only", help="Pair only statements worth checking, not opinions, wishes and such.")
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option("--calibration", metavar="FILE", help="Confidence as claims calibrate learned it from verdicts."),
]
WithText = Annotated[bool, typer.Option("--text", help="Include the text the offsets count in (json, jsonl).")]


@app.command(
    epilog="Examples:  claims check article.txt  |  claims check --format html -o report.html *.md  |  "
    "curl -s URL | claims check - --language es --format json"
)
def check(
    articles: Articles,
    format: OutputFormat = Format.text,
    output: Output = None,
    threshold: Threshold = None,
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="List pairs from here on; 0 lists all that was scored.")
    ] = None,
    fail_on: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit with 1 when a pair has this confidence or more.")
    ] = None,
    language: Language = None,
    model: ModelName = None,
    device: Device = None,
    max_pairs: MaxPairs = None,
    claims_only: ClaimsOnly = False,
    statements: Annotated[bool, typer.Option("--statements", help="List the statements too (not in csv).")] = False,
    text: WithText = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="RESULTS", help="Put the reports into a results file too, as claims batch does."),
    ] = None,
    calibration: CalibrationFile = None,
) -> None:
    """Flag the pairs of statements of an article that likely contradict each other."""
    from claims.render import Options, render

    with _one_line_errors():
        from claims.detect import Detector

        detector = Detector.from_pretrained(
            model, device=device, max_pairs=max_pairs, claims_only=claims_only, calibration=calibration
        )
        reports = _of_each(articles, language, lambda document, progress: detector.detect(document, progress=progress))
        if threshold is not None:
            reports = [report.at(threshold) for report in reports]
        if save is not None and reports:
            _save(reports, detector, language, save)
        if reports:
            shown = Options(
                min_confidence=min_confidence,
                statements=statements,
                text=text,
                array=len(articles) > 1,
                terminal=output is None,
            )
            _write(render(reports, format, shown), format, output)
    if len(reports) < len(articles):
        raise typer.Exit(COULD_NOT_RUN)
    if fail_on is not None and any(finding.confidence >= fail_on for report in reports for finding in report.scored):
        raise typer.Exit(FAILED_GATE)


@app.command(
    epilog="Examples:  claims extract article.txt  |  claims extract --claims --format csv -o claims.csv *.md  |  "
    "curl -s URL | claims extract - --format json --text"
)
def extract(
    articles: Articles,
    format: OutputFormat = Format.text,
    output: Output = None,
    language: Language = None,
    claims: Annotated[
        bool, typer.Option("--claims", help="List only statements worth checking, not opinions, wishes and such.")
    ] = False,
    text: WithText = False,
) -> None:
    """List the statements of an article: who says each, whether it is worth checking, what it says about time."""
    from claims.render import Options, render_statements

    with _one_line_errors():
        from claims.detect import extract
        from claims.tagger import Tagger

        tagger = Tagger.from_pretrained()
        extracts = _of_each(articles, language, lambda document, _: extract(document, tagger))
        if extracts:
            shown = Options(claims_only=claims, text=text, array=len(articles) > 1, terminal=output is None)
            _write(render_statements(extracts, format, shown), format, output)
    if len(extracts) < len(articles):
        raise typer.Exit(COULD_NOT_RUN)


class EngineName(StrEnum):
    """Where documents are scored."""

    local = "local"
    ray = "ray"


def _shard(value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    number, _, of = value.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise typer.BadParameter("give the number of this part and of all, such as 1/4")
    return int(number), int(of)


@app.command(
    epilog="Examples:  claims batch articles/ -o results.db  |  "
    "claims batch corpus.parquet -o results.db --workers 8  |  claims batch articles/ -o part1.db --shard 1/4"
)
def batch(
    articles: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER", help="Folders of articles, read with all below them; JSON Lines, CSV or Parquet files."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="RESULTS", help="Results file; one that exists is added to.")
    ],
    glob: Annotated[
        str | None,
        typer.Option(help="Files of the folders to read, e.g. '*.txt' or '2024/*'.  [default: by their endings]"),
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column of a table that holds the text.")] = "text",
    id_column: Annotated[
        str | None, typer.Option(help="Column that names the rows.  [default: id, else their numbers]")
    ] = None,
    threshold: Threshold = None,
    language: Language = None,
    model: ModelName = None,
    device: Device = None,
    max_pairs: MaxPairs = None,
    claims_only: ClaimsOnly = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that score.  [default: one for each core, or GPU of a cluster]")
    ] = None,
    engine: Annotated[
        EngineName, typer.Option(help="Score on this machine, or on the Ray cluster of RAY_ADDRESS.")
    ] = EngineName.local,
    across: Annotated[
        bool, typer.Option("--across", help="Compare statements of different articles on the same subject too.")
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Score the I-th of N equal parts, e.g. 1/4; join them with claims merge."),
    ] = None,
    calibration: CalibrationFile = None,
) -> None:
    """Score the articles of folders into a results file. Run it again to go on where it stopped, or with more."""
    with _one_line_errors():
        part = _shard(shard)
        from claims import batch as batching
        from claims.folder import Columns, Listing
        from claims.language import language_code
        from claims.nli import n_cores
        from claims.results import Results

        if language is not None:
            language = language_code(language)
        listing = Listing(articles, glob, language, Columns(text_column, id_column))
        next(listing.files(), None)  # a folder that is not there is known before a model is loaded
        if across:
            from claims.across import detect_across, load_faiss

            load_faiss()  # what is missing is known before hours of scoring
        n_workers = workers or (1 if device == "cuda" else n_cores())
        n_threads = max(1, n_cores() // n_workers) if engine == "local" else 1
        learned = str(calibration.absolute()) if calibration else None
        if model is not None and Path(model).is_dir():
            model = str(Path(model).absolute())  # the workers of a cluster stand elsewhere
        make = batching.Make(model, device, max_pairs, claims_only, n_threads, learned)
        detector = replace(make, n_threads=None)()  # while it compares articles, nothing else runs
        run = batching.run_of(detector, threshold=threshold, language=language)
        scoring: batching.Engine
        if engine == "ray":
            from claims.cluster import RayCluster

            scoring = RayCluster(make, workers, on_gpu=device == "cuda")
        else:
            scoring = batching.Here(detector) if n_workers == 1 else batching.Processes(make, n_workers)
        with Results.open(output, create=True) as results, _stopping() as stop, _batch_progress(listing) as told:
            done = batching.run_batch(
                listing, results, run, scoring, shard=batching.Shard(*part) if part else None, told=told, stop=stop
            )
            n_across = 0
            if across and not done.stopped:
                n_across = detect_across(results, detector, run, told=_across_progress, stop=stop)
                done.stopped = stop()
            totals = results.totals()
    n_others = listing.n_others()
    limit = f"{run.threshold * 100:g} %" if run.calibrated else f"{run.threshold:g}"
    typer.echo(f"{_totals_words(output, totals)} at or above {limit}")
    parts = [
        (done.scored, "scored"),
        (done.unchanged, "unchanged"),
        (done.repeated, "with a text that another has"),
        (done.elsewhere, "of other shards"),
        (done.failed, f"failed (see `claims export {output} --failures`)"),
        (n_others, "of other kinds"),
        (done.cut, "too long to be read to the end"),
    ]
    typer.echo("  " + ", ".join(f"{n:,} {what}" for n, what in parts if n or what == "scored"))
    if done.scored:
        typer.echo(
            f"  {done.seconds:,.0f} s, {60 * done.scored / done.seconds:,.0f} documents a minute,"
            f" {done.pairs / done.seconds:,.0f} pairs a second"
        )
    if across:
        typer.echo(f"  {totals.across:,} between articles; {n_across:,} pairs were read for them")
    if done.stopped:
        typer.echo("claims: stopped; the same command goes on from here", err=True)
        raise typer.Exit(INTERRUPTED)
    if totals.findings or totals.across:
        typer.echo(f"  look at them with `claims review {output}`")
    if not done.done - done.failed:
        where = ", ".join(map(str, articles))
        way_out = (
            f"see `claims export {output} --failures`" if done.failed else "name a folder with text, Markdown or HTML"
        )
        typer.echo(f"claims: {where}: no article could be read and scored; {way_out}", err=True)
        raise typer.Exit(COULD_NOT_RUN)


@app.command(epilog="Examples:  claims merge part1.db part2.db part3.db -o results.db")
def merge(
    parts: Annotated[list[Path], typer.Argument(metavar="RESULTS", help="Results files, such as those of shards.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Results file; one that exists is added to.")
    ],
) -> None:
    """Join results files into one: their documents, findings, failures and verdicts."""
    with _one_line_errors():
        from claims.results import Results

        with Results.open(output, create=True) as results:
            for part in parts:
                if output.exists() and part.exists() and part.samefile(output):
                    raise ClaimsError(f"{part}: both a part and what they are joined into; leave it out")
                with Results.open(part, read_only=True) as other:
                    results.merge(other)
            totals = results.totals()
    typer.echo(_totals_words(output, totals))


class ExportFormat(StrEnum):
    """Output formats of an export."""

    jsonl = "jsonl"
    csv = "csv"
    md = "md"
    html = "html"
    parquet = "parquet"
    nli = "nli"


class Only(StrEnum):
    """Which findings to export, as `claims.export.CHOICES` has them."""

    confirmed = "confirmed"
    false_alarm = "false_alarm"
    dismissed = "dismissed"
    reviewed = "reviewed"
    unreviewed = "unreviewed"


@app.command(
    epilog="Examples:  claims export results.db --format csv -o findings.csv  |  "
    "claims export results.db --format html -o report/  |  claims export results.db --only confirmed"
)
def export(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Results file that claims batch wrote.")],
    format: Annotated[ExportFormat, typer.Option("--format", "-f", help="How to write it.")] = ExportFormat.jsonl,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="PLACE", help="File, for html folder, to write instead of standard output."
        ),
    ] = None,
    only: Annotated[Only | None, typer.Option(help="Write only findings with such a verdict, or without one.")] = None,
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="List pairs from here on; below 0.01 none is kept.")
    ] = None,
    statements: Annotated[bool, typer.Option("--statements", help="List the statements too (not in csv).")] = False,
    text: WithText = False,
    across: Annotated[
        bool, typer.Option("--across", help="Write the pairs of different articles instead (csv, jsonl, md, parquet).")
    ] = False,
    failures: Annotated[
        bool, typer.Option("--failures", help="Write what could not be read, and why, instead (csv, jsonl).")
    ] = False,
) -> None:
    """Write the documents and findings of a results file for other programs and readers."""
    from claims.render import Options

    with _one_line_errors():
        from claims import export as exporting
        from claims.results import Results

        shown = Options(min_confidence=min_confidence, statements=statements, text=text)
        choice = exporting.Choice(only.value if only else None, min_confidence)
        if across and format == "html":
            raise ClaimsError("--across: html has these pairs anyway, on a page of their own; leave it out")
        if across and format == "nli":
            raise ClaimsError("--across: nli has the reviewed ones of these pairs anyway; leave it out")
        if format == "nli" and (only is not None or min_confidence is not None):
            raise ClaimsError("nli: writes every reviewed pair; leave out --only and --min-confidence")
        if format in ("html", "parquet") and output is None and not failures:
            raise ClaimsError(f"{format.value}: name where to write it with -o")
        if output and format in ("html", "parquet"):
            _keep_results(output)
        with Results.open(results, read_only=True) as opened:
            reports = exporting.chosen(opened, choice)
            if failures:
                kind = Format.csv if format == "csv" else Format.jsonl
                _write_pieces(exporting.failure_lines(opened.failures(), kind.value), kind, output)
            elif format == "nli":
                _write_pieces(exporting.nli_lines(opened), Format.jsonl, output)
            elif across and format == "parquet" and output:
                exporting.write_parquet_across(filter(choice.takes, opened.across(min_confidence)), output)
                typer.echo(f"claims: wrote {output}", err=True)
            elif across:
                pieces = exporting.across_lines(filter(choice.takes, opened.across(min_confidence)), format.value)
                _write_pieces(pieces, Format(format.value), output)
            elif format == "html" and output:
                exporting.write_pages(reports, output, shown, exporting.reports_across(opened, choice))
                typer.echo(f"claims: wrote {output / 'index.html'}", err=True)
            elif format == "parquet" and output:
                exporting.write_parquet(reports, output, shown)
                typer.echo(f"claims: wrote {output}", err=True)
            else:
                _write_pieces(exporting.lines_of(reports, format.value, shown), Format(format.value), output)


@app.command(
    epilog="Examples:  claims review results.db  |  claims review article.txt --reviewer Ana  |  "
    "claims review results.db --terminal"
)
def review(
    source: Annotated[
        Path, typer.Argument(metavar="RESULTS|ARTICLE", help="Results file, or an article, which is checked first.")
    ],
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the page.  [default: a free one]")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    reviewer: Annotated[
        str | None, typer.Option(help="Name under which decisions are saved.  [default: that of the user]")
    ] = None,
    terminal: Annotated[bool, typer.Option("--terminal", help="Review here instead of in a browser.")] = False,
    min_confidence: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Show findings from here on at first.  [default: from the threshold]"),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="RESULTS", help="Results file for an article.  [default: beside it, article.txt.claims.db]"
        ),
    ] = None,
    language: Language = None,
    model: ModelName = None,
    calibration: CalibrationFile = None,
) -> None:
    """Decide on findings: a local web page that shows each where it stands. Ctrl-C stops it; all is saved."""
    with _one_line_errors():
        from claims.results import Results

        path = _results_of(source, save, language, model, calibration)
        name = reviewer or _user()
        if terminal:
            from claims.queue import Filter
            from claims.review.terminal import review as review_in_terminal

            with Results.open(path) as results:
                try:
                    n_decisions = review_in_terminal(results, name, Filter(least=min_confidence))
                except KeyboardInterrupt:
                    typer.echo(f"\nclaims: stopped; every decision is saved in {path}", err=True)
                    return
            decisions = "1 decision" if n_decisions == 1 else f"{n_decisions} decisions"
            typer.echo(f"claims: {decisions} saved in {path}", err=True)
            return
        from claims.review.server import Site, listen, serve

        Results.open(path).close()  # what is wrong with the file is known before a page opens

        def opened(site: Site) -> None:
            typer.echo(f"claims: {path}, decisions as {name}; Ctrl-C stops", err=True)
            typer.echo(site.address)
            if browser:
                _browse(site.address)

        serve(path, name, listen(port), opened, min_confidence)
    typer.echo(f"claims: stopped; every decision is saved in {path}", err=True)


@app.command(
    epilog="Examples:  claims calibrate results.db  |  claims calibrate results.db -o newsroom.json  |  "
    "claims calibrate results.db --calibration newsroom.json"
)
def calibrate(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Results file with verdicts.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Calibration, written even if no better.  [default: RESULTS.calibration.json]",
        ),
    ] = None,
    model: ModelName = None,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="FILE", help="Calibration to begin with.  [default: that of the model]"),
    ] = None,
    device: Device = None,
) -> None:
    """Learn from verdicts: fit the confidence again so that it keeps its word on what your reviewers decided.

    When that is no better than before, nothing is written; the exit code is 0 all the same.
    """
    from claims.render.figures import render_learned

    with _one_line_errors():
        from claims.detect import Detector
        from claims.learning import learn
        from claims.results import Results

        written = output or results.with_name(f"{results.stem}.calibration.json")
        _keep_results(written)
        with Results.open(results, read_only=True) as opened:
            detector = Detector.from_pretrained(model, device=device, calibration=calibration)
            with _progress(results.name) as progress:
                learned = learn(opened, detector, progress)
        typer.echo(render_learned(learned), nl=False)
        if output is None and not learned.is_better:
            typer.echo("claims: nothing written; -o FILE writes it all the same", err=True)
            return
        try:
            learned.calibration.save(written)
        except OSError as error:
            raise ClaimsError(
                f"{written}: cannot be written ({error.strerror}); choose another file with -o"
            ) from error
    typer.echo(f"claims: wrote {written}; claims check --calibration {written} uses it", err=True)


class FiguresFormat(StrEnum):
    """Output formats of figures."""

    text = "text"
    json = "json"


@app.command(
    epilog="Examples:  claims evaluate articles.jsonl  |  claims evaluate pairs.jsonl.gz --format json  |  "
    "claims evaluate articles.jsonl --reports reports.jsonl --threshold 0.5"
)
def evaluate(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA", help="Labelled articles or labelled pairs: JSON lines, gzipped or not, or a folder of them."
        ),
    ],
    format: Annotated[FiguresFormat, typer.Option("--format", "-f", help="How to write the figures.")] = (
        FiguresFormat.text
    ),
    output: Output = None,
    threshold: Threshold = None,
    model: ModelName = None,
    device: Device = None,
    max_pairs: MaxPairs = None,
    reports: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the report of each labelled article to FILE too, as JSON lines."),
    ] = None,
) -> None:
    """Measure a model: how many of its findings in labelled articles are right, or of its answers to labelled pairs."""
    import json

    from claims.render.figures import render_article_figures, render_pair_figures

    with _one_line_errors():
        from claims import evaluate as measuring
        from claims.detect import Detector, calibration_of
        from claims.nli import load_model

        rows = measuring.read_rows(data)
        figures: dict[str, Any]
        if measuring.are_articles(rows, data):
            labelled = measuring.read_articles(rows)
            detector = Detector.from_pretrained(model, device=device, max_pairs=max_pairs)
            found = []
            with _progress(data.name) as progress:
                for article in labelled:
                    found.append(detector.detect(article.document))
                    if progress:
                        progress(len(found), len(labelled))
            if reports is not None:
                lines = (json.dumps(report.to_json(min_confidence=0), ensure_ascii=False) + "\n" for report in found)
                _write("".join(lines), Format.jsonl, reports)
            cut = found[0].threshold if threshold is None else threshold
            figures = {"threshold": cut, **measuring.score_articles(labelled, found, cut).to_json()}
            as_text = render_article_figures
        else:
            calibration = calibration_of(model)
            with _progress(data.name) as progress:
                pairs = [(row["premise"], row["hypothesis"]) for row in rows]
                prediction = load_model(model, device=device).predict(pairs, progress)
            temperature = calibration.temperature if calibration else 1.0
            figures = measuring.score_pairs(rows, prediction, temperature)
            as_text = render_pair_figures
        written = json.dumps(figures, ensure_ascii=False, indent=1) + "\n" if format == "json" else as_text(figures)
        _write(written, Format(format.value), output)


@app.command()
def models() -> None:
    """Show the bundled model and check it: every file against its checksum, one prediction against its answer."""
    from claims import nli

    with _one_line_errors():
        folder = nli.bundled_folder()
        bundle = nli.Bundle.open(folder)
        bundle.verify()
        model = nli.BundledModel(folder)
        asked = [("The bridge is open.", "The bridge is closed.")]
        [smoke], [of_articles] = (nli.softmax(each.predict(asked).logits) for each in (model, model.for_articles()))
        if not smoke.argmax() == of_articles.argmax() == nli.CONTRADICTION:
            raise ModelError(f"{folder}: its files are right but its answers are not; install claims again")
        n_bytes = sum(path.stat().st_size for path in folder.iterdir())
    typer.echo(f"{bundle.name} {bundle.version}  bundled, {n_bytes / 1e6:.0f} MB, works offline")
    typer.echo(f"  folder   {folder}")
    typer.echo(f"  checked  checksums right; open/closed bridge: contradiction {smoke[nli.CONTRADICTION]:.2f}")
    typer.echo("aliases (fetched from the Hugging Face hub when asked for):")
    for alias, hub_id in nli.ALIASES.items():
        typer.echo(f"  {alias:<11}{hub_id}")


def main() -> None:
    """Entry point of the `claims` command."""
    try:
        app()
    except Exception:  # a bug, which must not look like a failed gate
        traceback.print_exc()
        sys.exit(COULD_NOT_RUN)


def _of_each(articles: list[str], language: str | None, result_of: Callable[[Document, Progress | None], T]) -> list[T]:
    """The results of the articles that could be read; what is wrong with the others is said on stderr."""
    from claims.document import Document

    results = []
    for article in articles:
        try:
            document = Document.read(article, language=language)
            with _progress(article) as progress:
                results.append(result_of(document, progress))
        except ClaimsError as error:
            _say(error)
    return results


def _results_of(
    source: Path, save: Path | None, language: str | None, model: str | None, calibration: Path | None
) -> Path:
    """The results file to review: the one named, or the one of an article, into which it is checked first."""
    from claims.results import is_results

    if is_results(source):
        if any(given is not None for given in (save, language, model, calibration)):
            raise ClaimsError(f"{source}: is scored already; leave out --save, --language, --model and --calibration")
        return source
    if str(source) == "-" and save is None:
        raise ClaimsError("-: name a results file for it with --save")
    if str(source) != "-" and not source.exists():
        raise ClaimsError(f"{source}: no such file; check the path")
    if source.is_dir():
        raise ClaimsError(f"{source}: a folder; score it first with `claims batch {source} -o results.db`")
    from claims.batch import run_of
    from claims.detect import Detector
    from claims.results import Results

    path = save or source.with_name(f"{source.name}.claims.db")
    detector = Detector.from_pretrained(model, calibration=calibration)

    def check_once(document: Document, progress: Progress | None) -> Report:
        if path.exists():
            with Results.open(path) as results:
                if results.holds(document.id, run_of(detector, language=language)):
                    return results.report(document.id)
        return detector.detect(document, progress=progress)

    reports = _of_each([str(source)], language, check_once)
    if not reports:
        raise typer.Exit(COULD_NOT_RUN)
    _save(reports, detector, language, path)
    return path


def _user() -> str:
    """The name of the user of this machine."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a name for its user
        return "reviewer"


def _browse(address: str) -> None:
    """Open a page in a browser that has windows; one that fills the terminal would be in the way."""
    import threading
    import webbrowser

    try:
        controller = webbrowser.get()
    except webbrowser.Error:
        return
    if type(controller) is not webbrowser.GenericBrowser or "BROWSER" in os.environ:
        # some wait until they are closed, and the page needs this thread
        threading.Thread(target=controller.open, args=[address], daemon=True).start()


def _save(reports: list[Report], detector: Detector, language: str | None, path: Path) -> None:
    """Add reports to a results file."""
    from claims.batch import run_of
    from claims.folder import source_key
    from claims.results import Results

    run = run_of(detector, threshold=reports[0].threshold, language=language)
    with Results.open(path, create=True) as results:
        if not any(held.key == run.key for held in results.runs()):  # a batch that is in the file keeps its threshold
            results.begin_run(run)
        for report in reports:
            document = report.document
            key = f"-#{document.id[:16]}" if document.source == "-" else source_key(document.source)
            results.add_report(run, report, {key: ""})
        results.end_run(run)
    typer.echo(f"claims: saved in {path}", err=True)


def _write(written: str, format: Format, output: Path | None) -> None:
    """Print what was found, or write it to a file."""
    _write_pieces([written], format, output)


def _write_pieces(pieces: Iterable[str], format: Format, output: Path | None) -> None:
    """Print what comes, or write it to a file; machine formats are UTF-8 whatever the terminal says."""
    if output is not None:
        _keep_results(output)
        # Excel takes CSV for UTF-8 only when it begins with a byte order mark.
        encoding = "utf-8-sig" if format is Format.csv else "utf-8"
        try:
            with output.open("w", encoding=encoding, newline="") as file:
                file.writelines(pieces)
        except OSError as error:
            raise ClaimsError(f"{output}: cannot be written ({error.strerror}); choose another file with -o") from error
        typer.echo(f"claims: wrote {output}", err=True)
        return
    try:
        if format is Format.text:
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(errors="replace")  # a terminal that knows no Cyrillic still gets the rest
            sys.stdout.writelines(pieces)
        else:
            sys.stdout.buffer.writelines(piece.encode() for piece in pieces)
        sys.stdout.flush()
    except BrokenPipeError:
        # `claims check … | head`: the reader has seen enough. Python would complain again when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _keep_results(output: Path) -> None:
    """Refuse to write something else over a results file. Raises: ClaimsError."""
    from claims.results import is_results

    if is_results(output):
        raise ClaimsError(f"{output}: a results file, which would be lost; name another file with -o")


def _say(error: ClaimsError) -> None:
    typer.echo(f"claims: {error}", err=True)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Turn an error of ours into one line on stderr and exit code 2."""
    try:
        yield
    except ClaimsError as error:
        _say(error)
        raise typer.Exit(COULD_NOT_RUN) from error


@contextmanager
def _progress(article: str) -> Iterator[Progress | None]:
    """A progress bar on stderr for articles that take a while; none when stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as ProgressBar

    from claims.render.shown import one_line

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ProgressBar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(one_line(Path(article).name), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed; pressed again it stops at once."""
    pressed = False

    def press(*_: object) -> None:
        nonlocal pressed
        if pressed:
            if sys.stderr.isatty():
                typer.echo("\x1b[?25h", err=True, nl=False)  # the progress bar hides the cursor
            os._exit(INTERRUPTED)  # what is finished is in the file, and the processes that score end with this one
        pressed = True
        typer.echo("claims: finishing what is being scored; Ctrl-C again stops at once", err=True)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _totals_words(path: Path, totals: Totals) -> str:
    from claims.render.shown import counted

    found = counted(totals.findings, "possible contradiction")
    return f"{path}: {counted(totals.documents, 'document')}, {found}"


def _across_progress(done: int, total: int) -> None:
    if sys.stderr.isatty() or done % 1000 == 0:
        typer.echo(f"claims: {done:,} of {total:,} articles compared with others", err=True, nl=not sys.stderr.isatty())
        if sys.stderr.isatty():
            typer.echo("\r" if done < total else "\n", err=True, nl=False)


SECONDS_BETWEEN_LINES = 30.0  # of progress where stderr is no terminal


@contextmanager
def _batch_progress(listing: Listing) -> Iterator[Callable[[Progressed], None]]:
    """How far a batch is, on stderr: a bar in a terminal, else a line now and then."""
    total = None if listing.has_tables() else sum(1 for _ in listing.files())
    began = time.monotonic()
    if not sys.stderr.isatty():
        last = began

        def tell(progress: Progressed) -> None:
            nonlocal last
            if (now := time.monotonic()) - last > SECONDS_BETWEEN_LINES:
                last = now
                of = "" if total is None else f" of {total:,}"
                rate = progress.pairs / (now - began)
                typer.echo(f"claims: {progress.done:,}{of} articles, {rate:,.0f} pairs a second", err=True)

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as ProgressBar

    columns = (
        *(TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        *(TimeRemainingColumn(), TextColumn("{task.fields[rate]}", markup=False)),
    )
    with ProgressBar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("articles", total=total, rate="")

        def show(progress: Progressed) -> None:
            rate = progress.pairs / max(1e-9, time.monotonic() - began)
            bar.update(task, completed=progress.done, rate=f"{rate:,.0f} pairs/s" if progress.pairs else "")

        yield show
