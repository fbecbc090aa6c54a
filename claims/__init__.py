"""Find the statements of an article that contradict each other, in about 100 languages, offline.

>>> from claims import find_contradictions
>>> for finding in find_contradictions("The museum opens on Monday. On Monday the museum stays closed."):
...     print(finding.a.text, "<>", finding.b.text)
The museum opens on Monday. <> On Monday the museum stays closed.
"""

from claims.calibration import Calibration
from claims.detect import Detector, extract, find_contradictions
from claims.document import Document
from claims.errors import ClaimsError, DocumentError, LabelsError, ModelError, ResultsError
from claims.findings import Counts, Extract, ExtractCounts, Finding, Report
from claims.nli import LABELS, NLI, Prediction, load_model
from claims.sentences import Sentence, split_sentences
from claims.statements import Statement, extract_statements
from claims.tagger import Tagger

__all__ = [
    "LABELS",
    "NLI",
    "Calibration",
    "ClaimsError",
    "Counts",
    "Detector",
    "Document",
    "DocumentError",
    "Extract",
    "ExtractCounts",
    "Finding",
    "LabelsError",
    "ModelError",
    "Prediction",
    "Report",
    "ResultsError",
    "Sentence",
    "Statement",
    "Tagger",
    "extract",
    "extract_statements",
    "find_contradictions",
    "load_model",
    "split_sentences",
]

__version__ = "0.1.0"
