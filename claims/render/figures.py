"""Figures of an evaluation as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claims.learning import Figures, Learned

# What each figure of labelled articles says, by its name in JSON.
ARTICLES = {
    "precision": "of the flagged pairs are right",
    "recall": "of the labelled pairs are flagged",
    "f1": "F1 of both",
    "average_precision": "average precision over all scored pairs",
    "gold_listed_at_any_confidence": "of the labelled pairs are scored at all",
    "article_auroc": "chance that an article with a contradiction has the more confident top pair than one without",
    "top1_right": "of the articles with a contradiction have a right pair on top",
    "false_findings_per_clean_article": "findings in an article without a contradiction",
    "clean_articles_alarmed": "of the articles without a contradiction have a finding",
    "distractors_flagged": "of the distractors are flagged",
    "calibration_error": "mean distance between confidence and share that is right, from .1 up",
}
GROUPS = {"lang": "language", "kind": "kind", "same_sentence": "in one sentence"}


def render_article_figures(figures: dict[str, Any]) -> str:
    """The figures of labelled articles, as `claims.evaluate.ArticleFigures.to_json` gives them."""
    lines = [
        f"{figures['articles']} articles, {figures['clean_articles']} of them without a contradiction; "
        f"{figures['gold_pairs']} labelled pairs; {figures['flagged']} pairs flagged at {figures['threshold']:g}",
        "",
        *(f"{_number(figures[name])}  {meaning}" for name, meaning in ARTICLES.items()),
    ]
    if figures["calibration_bins"]:
        lines += ["", "confidence   pairs   mean   right"]
        for one in figures["calibration_bins"]:
            n, mean, right = one["n"], one["mean_confidence"], one["share_right"]
            lines.append(f"from {one['from']:<6}  {n:6d}  {mean:.3f}   {right:.3f}")
    for group, title in GROUPS.items():
        of_group = figures["recall_by"][group]
        if of_group:
            found = ", ".join(f"{name or 'none'} {counts}" for name, counts in of_group.items())
            lines += ["", f"found, by {title}: {found}"]
    return "\n".join(lines) + "\n"


def render_pair_figures(figures: dict[str, dict[str, Any]]) -> str:
    """The figures of labelled pairs, as `claims.evaluate.score_pairs` gives them."""
    names = ("accuracy", "average_precision", "calibration_error")
    lines = ["language    pairs  accuracy  average precision  calibration error"]
    for language in sorted(figures, key=lambda name: (name == "all", name)):
        one = figures[language]
        accuracy, precision, error = (_number(one[name]) for name in names)
        lines.append(f"{language:<10}{one['pairs']:7d}  {accuracy:>8}  {precision:>17}  {error:>17}")
    return "\n".join(lines) + "\n"


def render_learned(learned: Learned) -> str:
    """What came of verdicts, as `claims.learning.learn` gives it."""
    n, threshold = learned.right + learned.false_alarms, learned.calibration.threshold
    lines = [
        f"{n} verdicts in {learned.documents} articles: {learned.right} right, {learned.false_alarms} false alarms"
    ]
    if learned.lost:
        lines.append(f"{learned.lost} more are on pairs that the model no longer reads")
    if learned.across:
        lines.append(f"{learned.across} more are on pairs of two articles, from which nothing is learned yet")
    held_out = "articles" if learned.by_document else "pairs, for articles are too few"
    columns = (("before", learned.before), ("after", learned.after))
    lines += [
        "",
        f"{'':<24}{'before':<18}after, cross-validated by {held_out}",
        f"{f'precision at {threshold:g}':<24}" + "".join(f"{_precision(of):<18}" for _, of in columns).rstrip(),
        f"{'right pairs flagged':<24}"
        + "".join(f"{f'{of.right} of {learned.right}':<18}" for _, of in columns).rstrip(),
        f"{'calibration error':<24}" + "".join(f"{of.calibration_error:<18.3f}" for _, of in columns).rstrip(),
        f"{'log loss':<24}" + "".join(f"{of.log_loss:<18.3f}" for _, of in columns).rstrip(),
    ]
    if not learned.is_better:
        lines += ["", "No better than before: keep the calibration you have, and decide on more findings."]
    return "\n".join(lines) + "\n"


def _precision(figures: Figures) -> str:
    if figures.precision is None:
        return "none flagged"
    return f"{figures.precision:.2f} ({figures.right} of {figures.flagged})"


def _number(value: float | None) -> str:
    return "    –" if value is None else f"{value:5.3f}"
