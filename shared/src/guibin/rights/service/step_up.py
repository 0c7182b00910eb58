"""Step-up of a redemption: held to the proof that its points need."""

from datetime import datetime
from uuid import UUID

from guibin.points.errors import StepUpInvalid, StepUpRequired
from guibin.points.step_up import METHODS, StepUpProof
from guibin.rights.rules import Decision


def accept_step_up(
    proof: StepUpProof | None, decision: Decision, *, asked: tuple[UUID, UUID, int], used: bool, now: datetime
) -> UUID | None:
    """Hold a redemption to its proof and return the proof's id; None where none is needed and none was shown.

    `asked` is by whom, of what right, how many units; `used` whether a redemption has used the proof already.

    Raises:
        StepUpRequired: it costs as much as needs a proof, and there is none.
        StepUpInvalid: it is of somebody or for something else, too old, or was used.
    """
    if proof is None:
        if decision.step_up:
            raise StepUpRequired(methods=list(METHODS), points=decision.points)
        return None
    proved = (proof.customer_id, proof.about, proof.quantity, proof.points)
    if proved != (*asked, decision.points) or proof.expires_at <= now or used:
        raise StepUpInvalid
    return proof.id
