"""Health pages: is the process alive, and can it serve."""

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError

from guibin.core.logging import error_facts, logger
from guibin.web.checks import failed_checks
from guibin.web.declaration import DataClass, RateClass, declare, public
from guibin.web.errors import NotReady
from guibin.web.port import port_of
from guibin.web.route import PortRouter
from guibin.web.schemas import OutModel


class Health(OutModel):
    """The state of the process."""

    status: str


router = PortRouter(tags=["health"])


@router.get("/healthz", operation_id="getHealth")
@declare(caller=public(), rate=RateClass.HEALTH, data=DataClass.PUBLIC)
async def get_health() -> Health:
    """The process is alive; nothing else is asked."""
    return Health(status="ok")


@router.get("/readyz", operation_id="getReadiness")
@declare(caller=public(), rate=RateClass.HEALTH, data=DataClass.PUBLIC, refusals=(NotReady,))
async def get_readiness(request: Request) -> Health:
    """The database answers, has the schema that this version needs, and the role has no more rights than it should."""
    port = port_of(request)
    try:
        failed = await failed_checks(port.engine, schema_version=port.schema_version, profile=port.settings.profile)
    except (SQLAlchemyError, OSError) as error:
        logger().warning("not_ready", **error_facts(error))
        raise NotReady(failed=["database"]) from None
    if failed:
        raise NotReady(failed=failed)
    return Health(status="ready")
