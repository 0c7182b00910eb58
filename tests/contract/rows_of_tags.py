"""Which rows of the bad-input catalogue belong to the routes of tags: lineage, use, what staff add to scores."""

from typing import Final

_OF_A_BRANCH: Final = ("M1",)

ROWS_OF_TAGS: Final[dict[str, tuple[str, ...]]] = {
    "getTagLineage": (),
    "getFactLineage": (),
    "getTagUse": (),
    "getTagPolicy": (),
    "changeTagPolicy": (),
    "getTagCompletion": (),
    "compareTags": (),
    "getTagProfile": (),
    "putScoreModifier": _OF_A_BRANCH,
    "endScoreModifier": _OF_A_BRANCH,
    "listScoreModifiers": _OF_A_BRANCH,
    "importTagValues": (),
    "importTagFile": (),
    "listTagImportRejects": (),
    "listTagImports": (),
    "suspendTag": (),
    "resumeTag": (),
    "runTag": (),
    "listTagVersions": (),
    "listTagRuns": (),
    "getTagReach": (),
}
