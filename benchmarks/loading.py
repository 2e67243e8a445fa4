"""The whole way of a record, from a file to a published generation: throughput, memory, and whether the cost stays
flat.

    python benchmarks/loading.py [--records 10000] [--larger 100000]

Loads a smaller and a larger generated set, each into an empty house by the command line in a process of its own, and
prints records per second of wall clock, peak memory of all its processes, and the ratio of the cost per record.
Machines differ and are noisy: the ratio is what holds.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Run both loads and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000)
    parser.add_argument("--larger", type=int, default=10_000)
    parser.add_argument("--faults", type=float, default=0.05)
    arguments = parser.parse_args()
    costs = []
    print(f"{'records':>9} {'seconds':>9} {'records/s':>10} {'peak MiB':>9} {'ledger MiB':>11} {'graph MiB':>10}")
    for count in (arguments.records, arguments.larger):
        with tempfile.TemporaryDirectory() as directory:
            costs.append(loaded(count, arguments.faults, Path(directory)))
    print(f"cost per record, {arguments.larger} against {arguments.records} records: {costs[1] / costs[0]:.2f}")


def loaded(count: int, faults: float, directory: Path) -> float:
    """Load `count` records, print the figures, and return the seconds per record without the start of the process."""
    source, data = directory / "records.ndjson", directory / "data"
    generate = [command(), "generate", "--records", str(count), "--faults", str(faults), "--output", str(source)]
    subprocess.run(generate, check=True)
    environment = {**os.environ, "DATA_DIR": str(data)}
    start = timed([command(), "--help"], environment)[0]
    seconds, peak = timed([command(), "load", str(source)], environment)
    ledger = sum(file.stat().st_size for file in data.glob("ledger.sqlite*"))
    graph = sum(file.stat().st_size for file in (data / "store").iterdir())
    row = (count, seconds, count / seconds, peak / 2**20, ledger / 2**20, graph / 2**20)
    print("{:>9} {:>9.1f} {:>10.0f} {:>9.0f} {:>11.1f} {:>10.1f}".format(*row))
    return (seconds - start) / count


def command() -> str:
    """The installed command beside this interpreter."""
    return str(Path(sys.executable).with_name("clearinghouse"))


def timed(arguments: list[str], environment: dict[str, str]) -> tuple[float, int]:
    """Seconds of wall clock and peak resident bytes of a command and its children."""
    began = time.monotonic()
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        peak = [0]
        watcher = threading.Thread(target=watch, args=(process, peak))
        watcher.start()
        process.wait()
        seconds = time.monotonic() - began
        watcher.join()
    return seconds, peak[0]


def watch(process: "subprocess.Popen[bytes]", peak: list[int]) -> None:
    """Note the largest sum of resident memory of the process and its children, looked at ten times a second."""
    while process.poll() is None:
        peak[0] = max(peak[0], sum(resident(pid) for pid in family(process.pid)))
        time.sleep(0.1)


def family(pid: int) -> list[int]:
    """A process and its children, on Linux."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(descendant for child in children for descendant in family(int(child)))]


def resident(pid: int) -> int:
    """Resident bytes of a process, 0 once it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


if __name__ == "__main__":
    main()
