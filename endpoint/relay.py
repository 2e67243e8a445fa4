"""Between a worker without network and the partners: an address in its network namespace that the server answers.

The worker brings up the loopback interface of its namespace, listens there and hands the listening socket to the server
process, once, before it opens its store. From then on the server accepts what the engine sends: the kernel keeps a
socket in the namespace it was made in, so this needs no further process and nothing else leads out of the namespace.
"""

import asyncio
import contextlib
import fcntl
import http
import re
import socket
import struct
from dataclasses import dataclass
from typing import Protocol

HOST, PORT = "127.0.0.1", 8890  # in a namespace where nothing else listens
MAX_REQUEST_BYTES = 1 << 20  # the engine writes out every prefix, so a short query may become a long one

_LOOPBACK = b"lo"
_INTERFACE = struct.Struct("16sH22x")  # struct ifreq with its flags, netdevice(7)
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_HEAD_BYTES = 16 << 10
_READ_TIMEOUT = 5.0  # seconds for the engine to send one request
_CALLS_AT_ONCE = 8  # of one worker; each may hold a whole answer in memory
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """What the engine is told."""

    status: int
    content_type: str
    body: bytes


class Responder(Protocol):
    """Who answers the calls of one worker."""

    async def respond(self, path: str, body: bytes) -> Reply:
        """The reply to a call."""
        ...

    def refuse(self, path: str, reason: str) -> Reply:
        """The reply to what cannot be passed on; the path is empty where it could not be read."""
        ...


class _BadRequestError(Exception):
    pass


def loopback_up() -> None:
    """Bring up the loopback interface of a new network namespace.

    Raises OSError when that is not allowed, or when it is up already: then this is the namespace of other processes.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, _INTERFACE.pack(_LOOPBACK, 0))
        flags = _INTERFACE.unpack(answer)[1]
        if flags & _IFF_UP:
            raise OSError("the loopback interface is in use: this process has no network namespace of its own")
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _INTERFACE.pack(_LOOPBACK, flags | _IFF_UP))


def start_in_namespace(descriptor: int) -> None:
    """Listen at PORT in the network namespace that this process has just entered, and let the server answer there.

    `descriptor` is this end of a socket pair with the server; it stays open as long as this process lives, which tells
    the server when to stop. Raises OSError when the system does not let us; the server is then told that no one calls.
    """
    with socket.socket(fileno=descriptor) as channel:
        loopback_up()
        with socket.create_server((HOST, PORT)) as listener:
            socket.send_fds(channel, [b"L"], [listener.fileno()])
        channel.detach()


async def serve(channel: socket.socket, responder: Responder) -> None:
    """Answer the calls of one worker until it ends; `channel` is the server's end of the pair and closed at last."""
    with channel:
        channel.setblocking(False)
        await _readable(channel)
        if listener := _received_listener(channel):
            calls = _Calls(responder)
            server = await asyncio.start_server(calls.answer, sock=listener, limit=_HEAD_BYTES)
            try:
                await _readable(channel)  # it sends nothing more, so this is its end
            finally:
                server.close()
                calls.cancel()


async def _readable(channel: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    loop.add_reader(channel, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(channel)


def _received_listener(channel: socket.socket) -> socket.socket | None:
    """The socket that a worker hands over, None when it ended before that."""
    with contextlib.suppress(ConnectionError):
        _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        if descriptors:
            listener = socket.socket(fileno=descriptors[0])
            listener.set_inheritable(False)
            return listener
    return None


class _Calls:
    """The calls of one worker that are being answered."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, which carries one call."""
        task = asyncio.get_running_loop().create_task(self._answer(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel(self) -> None:
        """Stop them all, as nobody waits for them any more."""
        for task in self._tasks:
            task.cancel()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(_response(await self._reply(reader)))
            await writer.drain()
        except ConnectionError:
            pass  # the engine gave up
        finally:
            writer.close()

    async def _reply(self, reader: asyncio.StreamReader) -> Reply:
        try:
            async with asyncio.timeout(_READ_TIMEOUT):
                path, body = await _request(reader)
        except (_BadRequestError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            return self._responder.refuse("", "the call cannot be read or is too long")
        if len(self._tasks) > _CALLS_AT_ONCE:
            return self._responder.refuse(path, f"a query may make {_CALLS_AT_ONCE} calls at once")
        return await self._responder.respond(path, body)


async def _request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Path and body of a POST (RFC 9112); nothing else of it is passed on."""
    head = await reader.readuntil(b"\r\n\r\n")
    method, path, *_ = [*head.split(b"\r\n", 1)[0].split(b" "), b""]
    length = _LENGTH.search(head)
    if method != b"POST" or not length or int(length[1]) > MAX_REQUEST_BYTES:
        raise _BadRequestError
    return path.decode("latin-1"), await reader.readexactly(int(length[1]))


def _response(reply: Reply) -> bytes:
    head = (
        f"HTTP/1.1 {reply.status} {http.HTTPStatus(reply.status).phrase}\r\nContent-Type: {reply.content_type}\r\n"
        f"Content-Length: {len(reply.body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + reply.body
