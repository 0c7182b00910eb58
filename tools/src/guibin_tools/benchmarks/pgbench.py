"""Scripts of SQL as a side of a bench, run by pgbench."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from guibin_tools.benchmarks.processor import tree_cpu_us
from guibin_tools.benchmarks.rounds import Sample, Side
from guibin_tools.errors import OperatorError
from guibin_tools.postgres.binaries import locate_binaries
from guibin_tools.roles import driver_url
from guibin_tools.settings import OperatorSettings, child_environment

CLIENTS = 8
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_DONE = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Pgbench:
    """Runs scripts that lie in a folder; `postmaster` is the server's process."""

    settings: OperatorSettings
    folder: Path
    postmaster: int

    def calling(self, name: str, script: str, *, url: str, schema: str = "public") -> Side:
        """Return the side that runs a script as the role of a URL, with a schema before the others."""
        file = self.folder / f"{name}.sql"
        file.write_text(script, encoding="utf-8")

        async def side(seconds: float) -> Sample:
            before = tree_cpu_us(self.postmaster)
            output = await self._run(file, seconds, driver_url(url), schema)
            rate, done = _TPS.search(output), _DONE.search(output)
            if rate is None or done is None:
                raise OperatorError(f"pgbench failed:\n{output}")
            return Sample(float(rate[1]), postgres_us=(tree_cpu_us(self.postmaster) - before) / int(done[1]))

        return side

    async def _run(self, file: Path, seconds: float, url: str, schema: str) -> str:
        program = locate_binaries(self.settings.pg_bin).program("pgbench")
        options = ["-n", "-M", "prepared", "-c", f"{CLIENTS}", "-j", "2", "-T", f"{max(1, round(seconds))}"]
        process = await asyncio.create_subprocess_exec(
            program,
            *options,
            "-f",
            file,
            url,
            env=child_environment(PGOPTIONS=f"-c search_path={schema},public"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = (await process.communicate())[0].decode()
        if process.returncode != 0:
            raise OperatorError(f"pgbench failed:\n{output}")
        return output
