"""Modules run as programs beside the server, each gone when nobody wants it any longer."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Collection, Mapping


async def started(
    module: str, *arguments: object, keep: Collection[int] = (), environment: Mapping[str, str] | None = None
) -> Process:
    """Run a module as a program, which keeps some of our descriptors.

    Where the start is given up, the process has ended before this does; uvloop alone would leave it to be ended.
    """
    start = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *map(str, arguments)),
            stdin=DEVNULL,
            stdout=DEVNULL,
            pass_fds=keep,
            env=environment,
            start_new_session=True,  # an interrupt from the terminal is for the server alone
        )
    )
    try:
        return await asyncio.shield(start)
    except asyncio.CancelledError:
        await asyncio.wait([start])
        if start.exception() is None:
            await killed(start.result())
        raise


@contextlib.asynccontextmanager
async def running(
    module: str, *arguments: object, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Process]:
    """A module that runs as a program, at most until the block is left."""
    process = await started(module, *arguments, environment=environment)
    try:
        yield process
    finally:
        await killed(process)


async def killed(process: Process) -> int:
    """Wait until a process that is killed is gone; its return code, negative for a signal."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    return await process.wait()
