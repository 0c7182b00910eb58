"""Who acts when an operator types a command: a job, named for the audit trail."""

from uuid import UUID

from guibin.security.actors import Actor, ActorKind

OPERATOR = Actor(kind=ActorKind.JOB, id=UUID("0190a4b0-0000-7000-8000-00000000c11d"), name="job:operator")
"""The same in every deployment, so that a trail can be searched for it."""
