"""A circuit breaker: what fails again and again is left alone for a while, then tried once."""

from dataclasses import dataclass
from typing import Final

FAILURES: Final = 5
"""So many in a row open the circuit."""
OPEN_SECONDS: Final = 30.0
STOPPED_SECONDS: Final = 300.0
"""An account that is set up wrongly is not tried more often than this: a person has to act."""
_PROBE_SECONDS: Final = 1.0


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    open_until: float = 0.0
    probing: bool = False


class Breaker:
    """Circuits and pauses by name. Instants are seconds of a monotonic clock, given by the caller."""

    def __init__(self) -> None:
        self._circuits: dict[str, _Circuit] = {}
        self._pauses: dict[str, float] = {}

    def wait(self, name: str, now: float) -> float:
        """Return for how many seconds no call may be made; 0.0 lets this one through.

        After the wait one call is let through; until it has succeeded or failed the others wait on.
        """
        circuit = self._circuits.get(name)
        if circuit is None or not circuit.open_until:
            return 0.0
        if now < circuit.open_until:
            return circuit.open_until - now
        if circuit.probing:
            return _PROBE_SECONDS
        circuit.probing = True
        return 0.0

    def succeeded(self, name: str) -> None:
        """Close the circuit."""
        self._circuits.pop(name, None)

    def failed(self, name: str, now: float) -> bool:
        """Count a failure; return whether the circuit is open now."""
        circuit = self._circuits.setdefault(name, _Circuit())
        circuit.failures += 1
        circuit.probing = False
        if circuit.failures >= FAILURES:
            circuit.open_until = now + OPEN_SECONDS
        return circuit.open_until > now

    def stop(self, name: str, now: float) -> None:
        """Open the circuit at once and for long."""
        self._circuits[name] = _Circuit(failures=FAILURES, open_until=now + STOPPED_SECONDS)

    def release(self, name: str) -> None:
        """Let the next call through when the one at hand ended without a verdict."""
        if (circuit := self._circuits.get(name)) is not None:
            circuit.probing = False

    def pause(self, name: str, now: float, seconds: float) -> None:
        """Let nothing of this name through for a time, and everything afterwards."""
        self._pauses[name] = now + seconds

    def paused(self, name: str, now: float) -> float:
        """Return for how many seconds a pause lasts on."""
        return max(0.0, self._pauses.get(name, 0.0) - now)
