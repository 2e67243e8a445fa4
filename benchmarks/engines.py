"""The engines of the benchmark: how each is had, loaded with one file of N-Quads, started and asked.

Every one holds the same quads, and its default graph is the union of the named graphs.
"""

import abc
import contextlib
import os
import subprocess
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from clients import Connection, RequestFailedError
from processes import (
    HOST,
    Memory,
    Run,
    UnavailableError,
    disk,
    end,
    family,
    free_port,
    installed,
    own,
    program,
    run,
    wait_until_open,
)
from query_shapes import target

QUERY_LIMIT = 30  # seconds for one query, in every engine
LOAD_LIMIT = 3600  # seconds
SELECT = "application/sparql-results+json"


class Engine(abc.ABC):
    """An engine with a folder of its own in which it keeps its store."""

    name: str
    path = "/sparql"
    graph_type = "application/n-triples"
    caches = False  # whether it keeps answers, and a header makes it work them out again
    start_limit = 120.0  # seconds until it answers

    def __init__(self, home: Path, dump: Path) -> None:
        self.home, self.dump = home, dump
        self.store, self.log = home / "store", home / "log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def prepare(self) -> None:
        """Install what can be installed. UnavailableError when the engine cannot be had."""
        self.home.mkdir(parents=True, exist_ok=True)

    @abc.abstractmethod
    def load(self) -> Run:
        """Load the file into an empty folder. UnavailableError when that fails."""

    @abc.abstractmethod
    def command(self) -> list[str]:
        """What serves the store at the port."""

    def environment(self) -> Mapping[str, str]:
        """Variables for the server."""
        return {}

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Serve while the block runs."""
        try:
            self.start()
            yield
        finally:
            self.stop()

    def start(self) -> None:
        """Start the server, and wait until it answers. UnavailableError when it does not."""
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                self.command(),
                env={**os.environ, **self.environment()},
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        wait_until_open(self.port, self.process, self.log, self.start_limit)
        self.wait_until_answering()

    def wait_until_answering(self) -> None:
        """Return when it answers queries, which may be later than when it listens."""
        until = time.monotonic() + self.start_limit
        while time.monotonic() < until:
            with contextlib.suppress(OSError, RequestFailedError):
                connection = Connection(self.port, 5)
                try:
                    if connection.get(target(self.path, "ASK { ?s ?p ?o }"), SELECT).status == 200:
                        return
                finally:
                    connection.close()
            time.sleep(0.2)
        raise UnavailableError(f"no answer after {self.start_limit:.0f} s; see {self.log}")

    def connection(self) -> Connection:
        """A kept-alive connection to the server, the same one as long as there is one."""
        if self._connection is not None and not self._connection.is_open:
            self._hang_up()
        if self._connection is None:
            self._connection = Connection(self.port, QUERY_LIMIT + 1)
        return self._connection

    def stop(self) -> None:
        """End the server, if it runs."""
        self._hang_up()
        if self.process is not None:
            end(self.process)
            self.process = None

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def again(self) -> None:
        """Have a server that is not still busy with a query that did not end in time."""
        self.stop()
        self.start()

    def disk(self) -> int:
        """Bytes of the loaded store."""
        return disk(self.store)

    def pid(self) -> int | None:
        """The process of the server, if it runs."""
        return self.process.pid if self.process is not None else None


class Ours(Engine):
    """This project, on the data folder from which the file was made."""

    name = "ours"
    caches = True

    def __init__(self, home: Path, dump: Path) -> None:
        super().__init__(home, dump)
        self.store = dump.parent / "data"

    def load(self) -> Run:
        """Load the records: read, validated, entered in the ledger, published."""
        environment = {"DATA_DIR": str(self.store)}
        return run(
            [own("clearinghouse"), "load", str(self.dump.parent / "records.ndjson")], self.log, LOAD_LIMIT, environment
        )

    def command(self) -> list[str]:
        """The command line of the project."""
        return [own("clearinghouse"), "serve"]

    def environment(self) -> Mapping[str, str]:
        """The limit of a query as in the other engines, and none on how often one client may ask."""
        return {"DATA_DIR": str(self.store), "PORT": str(self.port), "CLEARINGHOUSE_QUERY_TIMEOUT": str(QUERY_LIMIT)}

    def disk(self) -> int:
        """Bytes of the published graph, without the ledger."""
        return disk(self.store / "generations")


class Oxigraph(Engine):
    """The Oxigraph server of the Python package of that name."""

    name = "oxigraph"
    path = "/query"

    def prepare(self) -> None:
        """Install the package."""
        super().prepare()
        self.program = str(installed("oxigraph") / "oxigraph")

    def load(self) -> Run:
        """Bulk load, and optimize, without which it is slower."""
        place = ["--location", str(self.store)]
        loaded = run([self.program, "load", *place, "--file", str(self.dump)], self.log, LOAD_LIMIT)
        optimized = run([self.program, "optimize", *place], self.log, LOAD_LIMIT)
        return Run(loaded.seconds + optimized.seconds, max(loaded.memory, optimized.memory))

    def command(self) -> list[str]:
        """Read-only, with the union as default graph."""
        place = ["--location", str(self.store), "--bind", f"{HOST}:{self.port}"]
        return [self.program, "serve-read-only", *place, "--union-default-graph", "--timeout-s", str(QUERY_LIMIT)]


class RdflibEndpoint(Engine):
    """rdflib-endpoint with the statements in memory, as it serves files; loading is done by the server itself."""

    name = "rdflib-endpoint"
    start_limit = 1800.0

    def prepare(self) -> None:
        """Install the package."""
        super().prepare()
        self.python = str(installed("rdflib-endpoint", "uvicorn") / "python")

    def load(self) -> Run:
        """Nothing is kept; the seconds are those from the start of the server to its first answer."""
        memory, began = Memory(), time.monotonic()
        with memory.of(self.pid), self.serving():
            return Run(time.monotonic() - began, memory.peak)

    def command(self) -> list[str]:
        """The server of this folder."""
        return [self.python, str(Path(__file__).with_name("rdflib_server.py")), str(self.dump), str(self.port)]

    def again(self) -> None:
        """Kill the child that serves; its parent makes another."""
        assert self.process is not None
        self._hang_up()
        for child in family(self.process.pid)[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, 9)
        time.sleep(1)
        self.wait_until_answering()

    def disk(self) -> int:
        """Nothing is kept."""
        return 0


class Virtuoso(Engine):
    """Virtuoso 7 of Debian, with the sizes of buffers that its documentation gives for 4 GB of memory."""

    name = "virtuoso"
    graph_type = "text/turtle"

    def __init__(self, home: Path, dump: Path) -> None:
        super().__init__(home, dump)
        self.sql_port = free_port()

    def prepare(self) -> None:
        """Look for the programs."""
        super().prepare()
        self.server = program("virtuoso-t", "virtuoso-opensource-7")
        self.isql = program("isql-vt", "virtuoso-opensource-7")

    def load(self) -> Run:
        """The bulk loader, then a checkpoint."""
        self.store.mkdir()
        statement = f"ld_dir('{self.dump.parent}', '{self.dump.name}', ''); rdf_loader_run(); checkpoint;"
        arguments = [self.isql, str(self.sql_port), "dba", "dba", f"exec={statement}"]
        memory = Memory()
        with memory.of(self.pid), self.serving():
            seconds = run(arguments, self.log, LOAD_LIMIT).seconds
        return Run(seconds, memory.peak)

    def command(self) -> list[str]:
        """In the foreground, with settings written for these ports."""
        ini = VIRTUOSO.substitute(
            store=self.store, dump=self.dump.parent, http=self.port, sql=self.sql_port, limit=QUERY_LIMIT
        )
        (self.home / "virtuoso.ini").write_text(ini, encoding="utf-8")
        return [self.server, "-f", "+configfile", str(self.home / "virtuoso.ini")]


VIRTUOSO = Template("""
[Database]
DatabaseFile = $store/virtuoso.db
ErrorLogFile = $store/virtuoso.log
LockFile = $store/virtuoso.lck
TransactionFile = $store/virtuoso.trx
xa_persistent_file = $store/virtuoso.pxa
FileExtend = 200
TempStorage = TempDatabase
[TempDatabase]
DatabaseFile = $store/virtuoso-temp.db
TransactionFile = $store/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:$sql
DisableUnixSocket = 1
MaxClientConnections = 20
DirsAllowed = $dump
NumberOfBuffers = 340000
MaxDirtyBuffers = 250000
MaxQueryMem = 2G
MaxSortedTopRows = 1000000
VectorSize = 1000
AdjustVectorSize = 0
SchedulerInterval = 10
IndexTreeMaps = 64
MaxMemPoolSize = 200000000
ThreadsPerQuery = 2
CheckpointInterval = 0
[HTTPServer]
ServerPort = 127.0.0.1:$http
ServerRoot = $store
ServerThreads = 20
MaxKeepAlives = 20
KeepAliveTimeout = 60
[SPARQL]
ResultSetMaxRows = 1000000
MaxQueryExecutionTime = $limit
""")


class Jena(Engine):
    """Jena's TDB2 of Debian, which has no Fuseki: the server is a small one of this folder."""

    name = "jena"
    start_limit = 180.0

    def prepare(self) -> None:
        """Look for Java and the archives, and put what one of them looks for elsewhere in its place."""
        super().prepare()
        self.java = program("java", "openjdk-17-jdk-headless")
        program("javac", "openjdk-17-jdk-headless")
        archives = [JARS / f"{name}.jar" for name in JENA.split()]
        if missing := [archive.name for archive in archives if not archive.exists()]:
            raise UnavailableError(
                f"{', '.join(missing)} are not in {JARS} (Debian: apt-get install libapache-jena-java)"
            )
        moved = self.home / "classes"
        with zipfile.ZipFile(JARS / "jena-core.jar") as core:
            for name in core.namelist():
                if name.startswith(_XERCES) and name.endswith(".properties"):
                    file = moved / "xerces" / name.removeprefix(_XERCES)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(core.read(name))
        self.classes = ":".join(map(str, [moved, *archives]))

    def load(self) -> Run:
        """The loader of TDB2."""
        arguments = ["tdb2.tdbloader", "--loc", str(self.store), str(self.dump)]
        return run([self.java, "-cp", self.classes, *arguments], self.log, LOAD_LIMIT)

    def command(self) -> list[str]:
        """The server of this folder, compiled as it starts."""
        server = str(Path(__file__).with_name("JenaServer.java"))
        options = ["-Xmx4g", "-Dsun.net.httpserver.nodelay=true", "-cp", self.classes]
        return [self.java, *options, server, str(self.store), str(self.port), str(QUERY_LIMIT)]


JARS = Path("/usr/share/java")
JENA = """jena-arq jena-base jena-cmds jena-core jena-dboe-base jena-dboe-index jena-dboe-storage jena-dboe-trans-data
jena-dboe-transaction jena-iri jena-tdb2 guava thrift protobuf slf4j-api slf4j-nop commons-cli
commons-codec commons-compress commons-csv commons-io commons-lang3 gson jsonld-java titanium-json-ld jackson-core
jackson-databind jackson-annotations httpclient httpcore"""
_XERCES = "org/apache/jena/ext/xerces/"

ENGINES: dict[str, type[Engine]] = {engine.name: engine for engine in (Oxigraph, Ours, RdflibEndpoint, Virtuoso, Jena)}
"""By the name that the command line knows it by; the first is what the others are compared with."""
