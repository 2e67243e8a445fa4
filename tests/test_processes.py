"""Programs beside the server: none outlives the wish for it."""

import asyncio
import contextlib
import os
from collections.abc import Callable

import pytest
import uvloop
from live import children

from endpoint import processes

LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
Loop = Callable[[], asyncio.AbstractEventLoop]


@LOOPS
@pytest.mark.parametrize("steps", range(6))
def test_a_start_that_is_given_up_leaves_no_process(loop: Loop, steps: int) -> None:
    """At whatever step it is cancelled, as it is when the server ends."""

    async def give_up() -> None:
        start = asyncio.create_task(processes.started("http.server", "0"))
        for _ in range(steps):
            await asyncio.sleep(0)
        start.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await processes.killed(await start)
        assert set(children(os.getpid())) == before

    before = set(children(os.getpid()))
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(give_up())


@LOOPS
def test_a_program_ends_with_the_block_it_runs_in(loop: Loop) -> None:
    async def leave() -> None:
        with pytest.raises(ValueError, match="enough"):
            async with processes.running("http.server", "0") as process:
                assert process.pid in children(os.getpid())
                raise ValueError("enough")
        assert process.pid not in children(os.getpid())

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(leave())
