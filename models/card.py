"""Put measured figures into the model card.

    python -m models.card --figures WORK --card models/README.md

WORK holds what the recipe's steps printed: `evaluation.json` (models.evaluate), `heads.json` (models.heads),
`calibration.json` (models.calibrate) and `speed.json` (models.speed). Each that is there replaces what the card has
between `<!-- evaluation -->` and `<!-- /evaluation -->`, and so on; all else in the card is written by hand.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]

COLUMNS = {
    "pairs": "pairs",
    "accuracy": "accuracy",
    "accuracy_before": "before",
    "accuracy_fp32": "fp32",
    "agreement": "same label",
    "average_precision": "contradiction AP",
    "average_precision_before": "before",
    "calibration_error": "calibration error",
}


def evaluation(figures: Json) -> str:
    """Tables of each language and each set, and what the gate says."""
    rows: Json = figures["figures"]
    columns = {name: title for name, title in COLUMNS.items() if name in rows["all"]}
    sets: dict[str, list[str]] = {}  # and the languages of each
    for key in rows:
        name, _, language = key.partition(" ")
        if language not in ("", "mean"):
            sets.setdefault(name, []).append(language)
    tables = []
    one_language = []
    for name, languages in sets.items():
        if len(languages) == 1:
            one_language.append([f"{name} ({languages[0]})", *cells(rows[name], columns)])
            continue
        body = [[language, *cells(rows[f"{name} {language}"], columns)] for language in sorted(languages)]
        tables.append([[name, *columns.values()], *body, ["**mean**", *cells(rows[f"{name} mean"], columns)]])
    tables.append([["set", *columns.values()], *one_language, ["**all pairs**", *cells(rows["all"], columns)]])
    every = rows["all"]
    for_articles: Json | None = figures.get("for_articles", {}).get("all")
    of_branch = (
        ""
        if for_articles is None
        else (
            f"Where it answers for articles, it does so for {for_articles['agreement']:.2%} (difference "
            f"{for_articles['difference']:.4f}); its accuracy on these pairs, for which those layers are not made, is "
            f"{for_articles['accuracy']:.3f} ({for_articles['accuracy_fp32']:.3f} in float32). "
        )
    )
    missed = ", ".join(f"{miss['figure']} {miss['value']} (bound {miss['bound']})" for miss in figures["failed"])
    gate = (
        f"Of all pairs the 8-bit model gives {every['agreement']:.2%} the label that its float32 weights give; "
        f"probabilities differ by {every['difference']:.4f} on average. "
        + of_branch
        + (f"The gate is missed by: {missed}." if missed else "The gate is passed.")
    )
    return "\n\n".join([*(table(rows) for rows in tables), gate])


def calibration(figures: Json) -> str:
    """The temperature, and how often flagged pairs are right."""
    errors, of_articles = figures["calibration_error_of_labels"], figures["articles"]
    auroc = of_articles["article_auroc"]
    told = (
        f"Temperature {figures['temperature']:.3f}, fitted on every second pair of nli/valid; expected calibration "
        f"error of the answered label on the others {errors['before']:.3f} before, {errors['after']:.3f} after. "
        f"Confidence was fitted on {figures['pairs']:,} candidate pairs, of which "
        f"{figures['labelled_contradictions_among_them']} are labelled contradictions. Over the labelled articles, "
        f"cross-validated by article: average precision {of_articles['average_precision']:.3f} (log-odds of "
        f"contradiction alone: {figures['average_precision_uncalibrated']:.3f}), chance that an article with a "
        f"contradiction has the more confident first pair {'–' if auroc is None else f'{auroc:.3f}'}."
    )
    held_back = figures["findings_a_held_back_news_document"]
    at = [
        [
            row["threshold"],
            row["flagged"],
            row["precision"],
            row["recall"],
            row["false_findings_per_clean_article"],
            row["distractors_flagged"],
            held_back[str(row["threshold"])],
        ]
        for row in figures["at"]
    ]
    titles = ["threshold", "flagged", "precision", "recall", "in a clean article", "distractors", "in a news document"]
    weights = [
        [f"`{name}`", f"{weight:+.2f}", f"{figures['without'][name]:.3f}"]
        for name, weight in figures["calibration"]["weights"].items()
    ]
    return "\n\n".join(
        [
            told,
            table([titles, *at]),
            table([["feature", "weight", "average precision without it"], *weights]),
        ]
    )


def heads(figures: Json) -> str:
    """How often clause boundaries, subjects and claims are right, per language and set."""
    by_language, subjects = figures["boundaries"], figures["subject_tokens"]
    body = [[language, of["rules"], of["tagger"], subjects[language]] for language, of in by_language.items()]
    means = [
        [f"**{name}**", figures[key]["rules"], figures[key]["tagger"], ""]
        for name, key in (("mean", "boundaries_mean"), ("mean of the main eight", "boundaries_mean_main"))
    ]
    claims = [
        [
            name,
            of["rows"],
            of["worth_checking"],
            *(of[key] for key in ("average_precision_baseline", "average_precision", "f1_baseline", "f1", "best_f1")),
        ]
        for name, of in figures["claims"].items()
    ]
    head = ["claims", "sentences", "worth checking", "AP baseline", "AP", "F1 baseline", "F1", "F1 at its best"]
    return "\n\n".join(
        [
            table([["language", "boundary F1, rules", "tagger", "subject tokens F1"], *body, *means]),
            table([head, *claims]),
        ]
    )


def speed(figures: Json) -> str:
    """Tokens per second and peak memory."""
    engines = [
        [name, f"{engine['tokens_per_second']:,}", engine["times_torch_fp32"], f"{engine['peak_memory_mb']:,}"]
        for name, engine in figures["engines"].items()
    ]
    told = f"{figures['pairs']:,} pairs, {figures['tokens']:,} tokens, {figures['cores']} cores:"
    return told + "\n\n" + table([["engine", "tokens/s", "times torch fp32", "peak memory, MB"], *engines])


SECTIONS = {"evaluation": evaluation, "heads": heads, "calibration": calibration, "speed": speed}


def cells(figures: Json, columns: Iterable[str]) -> list[str]:
    """The figures of a row, three digits; a dash for what a group lacks."""
    values = [figures[name] for name in columns]
    return ["–" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}" for value in values]


def table(rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; the first row is its head."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def fill(card: str, figures: dict[str, Json]) -> str:
    """The card with its sections written anew. Raises: ValueError when it has no place for one of them."""
    for name, of_section in figures.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if not (start in card and end in card):
            raise ValueError(f"the card has no {start} ... {end} for these figures; add both lines to it")
        above, _, rest = card.partition(start)
        _, _, below = rest.partition(end)
        card = f"{above}{start}\n\n{SECTIONS[name](of_section)}\n\n{end}{below}"
    return card


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=Path, required=True, help="folder with the JSON files of the recipe")
    parser.add_argument("--card", type=Path, required=True)
    given = parser.parse_args()
    files = {name: given.figures / f"{name}.json" for name in SECTIONS}
    read = {name: json.loads(file.read_text(encoding="utf8")) for name, file in files.items() if file.is_file()}
    given.card.write_text(fill(given.card.read_text(encoding="utf8"), read), encoding="utf8")
