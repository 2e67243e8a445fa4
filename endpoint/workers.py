"""One query worker as the server sees it: its process, its channel and the generation it serves."""

import asyncio
import contextlib
import json
import os
import socket
from collections import deque
from collections.abc import AsyncIterator
from typing import Self, cast

from endpoint import processes
from endpoint.generations import Generation, Generations
from endpoint.partners import Link, Partners
from endpoint.worker import FRAME, QUERY, Ready, Request
from ontology.errors import StoreError

START_TIMEOUT = 30.0
"""Seconds for a worker to open its generation."""
SLOW_NICENESS = 10
"""By how much a worker that takes long gives way to the others."""
_BUFFERED_BYTES = 1 << 20  # of an answer that the client has not taken yet


class Channel(asyncio.Protocol):
    """The frames that come from a worker, and the way to it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._bytes = bytearray()
        self._frames: deque[tuple[bytes, bytes]] = deque()
        self._buffered = 0
        self._arrival: asyncio.Future[None] | None = None
        self.is_closed = False

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls) -> AsyncIterator[tuple[Self, int]]:
        """A channel, and the descriptor of its other end for a process to be started with, which is ours no longer
        afterwards. Both ends are closed where the start fails or is given up."""
        ours, theirs = socket.socketpair()
        with theirs:
            _, channel = await asyncio.get_running_loop().create_connection(cls, sock=ours)
            try:
                yield channel, theirs.fileno()
            except BaseException:
                channel.close()
                raise

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        self._bytes += data
        while len(self._bytes) >= FRAME.size:
            kind, length = FRAME.unpack_from(self._bytes)
            end = FRAME.size + length
            if len(self._bytes) < end:
                break
            self._frames.append((kind, bytes(self._bytes[FRAME.size : end])))
            del self._bytes[:end]
            self._buffered += length
        if self._frames:
            self._wake()
        if self._buffered > _BUFFERED_BYTES and self._transport:
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self.is_closed = True
        self._wake()

    def _wake(self) -> None:
        if self._arrival and not self._arrival.done():
            self._arrival.set_result(None)

    def send(self, kind: bytes, payload: bytes) -> None:
        """Send a frame; one to a process that has ended goes nowhere."""
        if self._transport:
            self._transport.write(FRAME.pack(kind, len(payload)) + payload)

    def arrived(self) -> tuple[bytes, bytes] | None:
        """The next frame if it is here already."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        self._buffered -= len(frame[1])
        if self._buffered <= _BUFFERED_BYTES and self._transport and not self.is_closed:
            self._transport.resume_reading()
        return frame

    def next_is(self, kind: bytes) -> bool:
        """Whether the next frame is here and of this kind."""
        return bool(self._frames) and self._frames[0][0] == kind

    async def arrival(self) -> None:
        """Return when a frame is here. EOFError when the process has ended before."""
        while not self._frames:
            if self.is_closed:
                raise EOFError
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival

    def close(self) -> None:
        """Close our end."""
        if self._transport:
            self._transport.close()


class Worker:
    """A worker process and whether it may be given a query."""

    def __init__(self, generation: Generation, process: asyncio.subprocess.Process, channel: Channel) -> None:
        self.generation = generation
        self.pid = process.pid
        self.channel = channel
        self.isolated = False
        self.federated = False
        self.link: Link | None = None
        self.serving: asyncio.Task[None] | None = None  # of its calls to partners; ends with the process
        self.busy = False
        self.retired = False
        self.slow = False  # gives way to the others
        self.lent = False  # out of the fast lane, for an answer that is being read
        self._process = process

    @classmethod
    async def start(
        cls, generations: Generations, generation: Generation, memory: int, partners: Partners | None
    ) -> "Worker":
        """Start a worker and wait until it has opened the generation; raises StoreError when it does not.

        With partners it gets a link to them.
        """
        async with Channel.opened() as (channel, descriptor):
            with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
                descriptors = [descriptor]
                if partners:
                    here, there = socket.socketpair()
                    ours.enter_context(here)
                    descriptors.append(theirs.enter_context(there).fileno())
                arguments = (descriptor, generations.directory, generation.name, memory, *descriptors[1:])
                process = await processes.started("endpoint.worker", *arguments, keep=descriptors)
                ours.pop_all()  # the worker's link closes it
        worker = cls(generation, process, channel)
        if partners:
            worker.link = Link(partners)
            worker.serving = asyncio.create_task(worker.link.serve(here))
        await worker._become_ready()
        return worker

    async def _become_ready(self) -> None:
        """Wait for the READY frame; stop where it does not come."""
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await self.channel.arrival()
        except BaseException as error:
            await self.stop()
            if isinstance(error, EOFError | TimeoutError):
                raise StoreError(f"no worker could open generation {self.generation.name}") from error
            raise
        if frame := self.channel.arrived():
            ready: Ready = json.loads(frame[1])
            self.isolated, self.federated = ready["isolated"], ready["federated"]

    @property
    def usable(self) -> bool:
        """Whether it may be given a query."""
        return not self.retired and self._process.returncode is None and not self.channel.is_closed

    def ask(self, request: Request) -> None:
        """Hand over a query."""
        if self.link:
            self.link.begin()
        self.channel.send(QUERY, json.dumps(request).encode())

    def slow_down(self) -> None:
        """Let it give way to the others from now on, which cannot be taken back."""
        self.slow = True
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PGRP, self.pid, SLOW_NICENESS)  # every thread; it leads a group

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        self.retired = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self.channel.close()

    async def stop(self) -> int:
        """Kill the process and wait until it is gone."""
        self.kill()
        return await self.ended()

    async def ended(self) -> int:
        """Wait until the process is gone; its return code, negative for a signal."""
        return await self._process.wait()
