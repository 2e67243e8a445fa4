"""rdflib-endpoint over the statements of a file in memory; what serves is a child, which may be killed and comes again.

    python rdflib_server.py FILE.nq PORT

Loading takes minutes, and rdflib cannot be told to stop a query: so the statements are read once, and whoever ends the
child has a fresh server at once.
"""

import gc
import os
import signal
import sys

import uvicorn
from rdflib import Dataset
from rdflib_endpoint import SparqlEndpoint


def main(path: str, port: int) -> None:
    """Load, and keep a child serving until this process is told to end."""
    dataset = Dataset(default_union=True)
    dataset.parse(path, format="nquads")
    application = SparqlEndpoint(graph=dataset, path="/sparql")  # which reads all statements too
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    while True:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            uvicorn.run(application, host="127.0.0.1", port=port, log_level="error")
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
