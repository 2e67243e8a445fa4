"""A query worker reduced to its way out: a namespace of its own, its link to the server, one query after another."""

import ctypes
import json
import sys

import pyoxigraph as ox

from endpoint import relay

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


def main(descriptor: str) -> None:
    """Read queries as JSON lines, write solutions or the error of each as one JSON line."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) and libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
        sys.exit("no namespace")
    relay.start_in_namespace(int(descriptor))
    store = ox.Store()
    for number in range(3):
        store.add(ox.Quad(ox.NamedNode("http://a/s"), ox.NamedNode("http://a/p"), ox.Literal(number)))
    for line in sys.stdin:
        try:
            results = store.query(json.loads(line))
            assert not isinstance(results, ox.QueryTriples)
            answer = json.loads(results.serialize(format=ox.QueryResultsFormat.JSON) or b"")
        except (SyntaxError, RuntimeError, ValueError, OSError) as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
