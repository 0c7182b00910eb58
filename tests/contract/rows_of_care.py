"""Which rows of the bad-input catalogue belong to the routes of care, managers, the workbench and handovers."""

from typing import Final

_OF_A_BRANCH: Final = ("M1",)
_BY_TWO: Final = ("Q1", "Q7")

ROWS_OF_CARE: Final[dict[str, tuple[str, ...]]] = {
    "logTouch": ("M1", "R9", "R10"),
    "listCustomerTouches": _OF_A_BRANCH,
    "listCustomerNeeds": _OF_A_BRANCH,
    "recordNeed": ("M1", "R9"),
    "proposeForNeed": ("M1", "R9", "E10"),
    "endNeed": ("M1", "R10"),
    "listCustomerPromises": _OF_A_BRANCH,
    "recordPromise": ("M1", "R9"),
    "endPromise": ("M1", "R10"),
    "listComplaints": _OF_A_BRANCH,
    "listCustomerComplaints": _OF_A_BRANCH,
    "openComplaint": ("M1", "R9"),
    "answerComplaint": ("M1", "R10"),
    "resolveComplaint": ("M1", "R10"),
    "closeComplaint": ("M1", "R10"),
    "listCareTasks": _OF_A_BRANCH,
    "addCareTask": ("M1", "R9"),
    "getCareTask": _OF_A_BRANCH,
    "completeCareTask": ("M1", "R10"),
    "skipCareTask": ("M1", "R10"),
    "reassignCareTask": ("M1", "R10"),
    # the bank: care plans
    "listCarePlans": (),
    "createCarePlan": (),
    "getCarePlan": (),
    "editCarePlan": (),
    "submitCarePlan": _BY_TWO,
    "listServiceStandards": (),
    "createServiceStandard": (),
    "getServiceStandard": (),
    "editServiceStandard": (),
    "submitServiceStandard": _BY_TWO,
    "getServiceStandardKept": _OF_A_BRANCH,
    # the bank: managers
    "listManagers": (),
    "createManager": ("M2",),
    "listManagerMatrices": (),
    "createManagerMatrix": (),
    "getManagerMatrixInForce": (),
    "getManagerMatrix": (),
    "editManagerMatrix": (),
    "submitManagerMatrix": _BY_TWO,
    "getManagerBook": _OF_A_BRANCH,
    "listManagerAbsences": (),
    "createManagerAbsence": ("M1", "M2"),
    "endManagerAbsence": ("M1",),
    "listUnassigned": _OF_A_BRANCH,
    "getCoverage": _OF_A_BRANCH,
    "assignManager": ("M1", "M2", "M3", "M5", "M6"),
    "assignManagers": ("M1", "M2", "M3", "M4", "M6", *_BY_TWO),
}
