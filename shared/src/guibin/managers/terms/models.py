"""The versions of the terms on which customers keep, change and lose their managers."""

from datetime import datetime
from uuid import UUID

from guibin.approvals.terms.models import TermsVersion
from guibin.core.models import REFERENCE, instant


class CoverageTermsVersion(TermsVersion, table=True):
    """One version of the terms; the highest is in force, and without one the terms are what `Terms` says."""

    __tablename__ = "coverage_terms"
    __table_args__ = (REFERENCE,)

    approval_id: UUID
    decided_at: datetime = instant()
