"""The errors claims raises on purpose; anything else that escapes is a bug.

    ClaimsError
    ├── DocumentError   an article that cannot be read
    ├── LabelsError     labelled data that cannot be evaluated on
    ├── ModelError      a model that is missing, damaged or of the wrong kind
    └── ResultsError    a results file that cannot be used

A message names the thing, the trouble and the way out.
"""

from __future__ import annotations


class ClaimsError(Exception):
    """Root of every error that claims raises on purpose."""


class DocumentError(ClaimsError):
    """An article that cannot be read: missing, binary, empty, undecodable."""


class LabelsError(ClaimsError):
    """Labelled articles or pairs that are missing, damaged or of another kind."""


class ModelError(ClaimsError):
    """A model that is missing, damaged or lacks the three NLI labels."""


class ResultsError(ClaimsError):
    """A results file that is of another kind, of a newer version, locked or read-only."""
