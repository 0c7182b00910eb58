"""All SQL of privacy, one file per subject."""

from guibin.privacy.repository.consents import consents_to, has_consent
from guibin.privacy.repository.restrictions import blocked_among, blocks, is_blocked, kinds_in_force

__all__ = ["blocked_among", "blocks", "consents_to", "has_consent", "is_blocked", "kinds_in_force"]
