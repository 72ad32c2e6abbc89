"""How many steps a second the record takes: `python -m bench.ledger [--steps N]`.

A step is what a voice turn commits: the session moves on, one step row, a delivery with its
closing; of four steps one opens a request, the last closes it. `grouped`: all are queued and share
transactions; `alone`: each waits for the one before; `two processes`: both queue on one file.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

from ledger import records as r
from ledger.ledger import Ledger

STATE = json.dumps({"session": "x" * 900})
REPLY = json.dumps({"say": "x" * 200})
AT = 1_767_225_600_000


def calls(name: str, n: int, turns: int = 4) -> Iterator[r.Commit]:
    for call in range(n):
        session = f"019b7a00-{name}-{call:012d}"
        facts = r.SessionFacts(
            session, f"pbx/{session}", "voice", "10086", "p" * 22, "p" * 22, "network", "pbx",
            "real", "d" * 16, "cmcc", "gotone", "", "shanxi", "zh-CN", AT,
        )  # fmt: skip
        for turn in range(turns):
            last = turn == turns - 1
            delivery = f"pbx/{session}/{turn}"
            rows: list[r.Row] = [
                r.Delivery(delivery, session, "pbx", AT),
                r.Step(
                    session, turn, AT, "DigitsEntered", "main", "", 0, "1", 900,
                    '["1","2","3"]', '["main_intro"]', "[]",
                ),
                r.DeliveryClosing(delivery, turn, AT, REPLY),
            ]  # fmt: skip
            request = f"{session}-2"
            if turn == 2:
                rows.append(
                    r.Request(
                        request, session, turn, AT, "balance", "balance", "query", "", "", "voice",
                        "10086", "pbx", "network", "real", "d" * 16, "p" * 22, "cmcc", "gotone",
                        "", "shanxi",
                    )
                )  # fmt: skip
            if last:
                rows.append(r.Closing(request, AT, "succeeded", "", "", 0, 0))
                rows.append(
                    r.CallEnd(
                        session, AT, "voice", "10086", "real", "d" * 16, "gotone", "caller", 1, 0,
                        False, "balance",
                    )
                )  # fmt: skip
            state = r.SessionState(turn, None if last else STATE, 0 if last else AT, not last)
            expected = turn - 1 if turn else None
            yield r.Commit(session, expected, tuple(rows), state, None if turn else facts)


def grouped(path: Path, name: str, steps: int) -> float:
    with Ledger.open(path) as ledger:
        commits = list(calls(name, steps // 4))
        start = time.perf_counter()
        futures: list[Future[None]] = [ledger.write(commit) for commit in commits]
        for future in futures:
            future.result()
        return len(commits) / (time.perf_counter() - start)


def alone(path: Path, steps: int) -> tuple[float, float]:
    """Steps a second, and the 99th percentile of one in milliseconds."""
    with Ledger.open(path) as ledger:
        took = []
        for commit in calls("alone", steps // 4):
            start = time.perf_counter()
            ledger.write(commit).result()
            took.append(time.perf_counter() - start)
        took.sort()
        return len(took) / sum(took), took[int(len(took) * 0.99)] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40_000)
    parser.add_argument("--dir", type=Path, help="where the file is made (the disk to measure)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        path = Path(folder) / "ledger.sqlite"
        start = time.perf_counter()
        Ledger.open(path).close()
        print(f"create            {(time.perf_counter() - start) * 1000:9.0f} ms")
        start = time.perf_counter()
        Ledger.open(path).close()
        print(f"open              {(time.perf_counter() - start) * 1000:9.1f} ms")
        print(f"grouped           {grouped(path, 'one', options.steps):9.0f} steps/s")
        rate, p99 = alone(path, min(options.steps, 4_000))
        print(f"alone             {rate:9.0f} steps/s, p99 {p99:.1f} ms")
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            rates = pool.starmap(grouped, [(path, name, options.steps // 2) for name in ("a", "b")])
        print(f"two processes     {sum(rates):9.0f} steps/s ({rates[0]:.0f} + {rates[1]:.0f})")


if __name__ == "__main__":
    main()
