#!/usr/bin/env python3
"""Compares squall with its peers, in turns, against one nginx: see README.md beside this file.

squall and the peer have core 0, nginx core 1. What counts is the ratio of the medians.
"""
import argparse
import json
import os
import pathlib
import platform
import sys
import tempfile
from dataclasses import asdict

import rows
from nginx import Nginx
from programs import CannotRun, adopt_orphans

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default=",".join(rows.ROWS), help="which, of %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="of each row (%(default)s)")
    parser.add_argument("--seconds", type=int, default=4,
                        help="length of the closed loads (%(default)s)")
    parser.add_argument("--squall", type=pathlib.Path, default=SOURCE / "build/release/bin/squall")
    parser.add_argument("--unrecorded", type=pathlib.Path,
                        default=SOURCE / "build/release/tests/bench/squall_unrecorded",
                        help="the same without histograms (%(default)s)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="every round, too")
    parser.add_argument("--strict", action="store_true", help="fail unless every bar is met")
    chosen = parser.parse_args(arguments)
    chosen.rows = chosen.rows.split(",")
    if wrong := [name for name in chosen.rows if name not in rows.ROWS]:
        parser.error(f"no row {wrong[0]}; there are {', '.join(rows.ROWS)}")
    if chosen.rounds < 1 or chosen.seconds < 1:
        parser.error("--rounds and --seconds are at least 1")
    if not os.access(chosen.squall, os.X_OK):
        parser.error(f"{chosen.squall} is not there: make bench builds it, --squall names another")
    chosen.squall = chosen.squall.resolve()
    return chosen


def number(value):
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def table(lines):
    """Markdown, a line for each comparison."""
    text = ["| work | peer | ours | peer's | ratio (min–max of rounds) | bar | met | also |",
            "|---|---|---|---|---|---|---|---|"]
    for line in lines:
        ratio = line.ratio
        ours = theirs = spread = "–"
        if ratio is not None:
            ours, theirs = (f"{number(it)} {line.unit}" for it in (ratio.ours, ratio.theirs))
            spread = f"**{ratio.of_medians:.2f}** ({ratio.least:.2f}–{ratio.greatest:.2f})"
        text.append(f"| {line.work} | {line.peer} | {ours} | {theirs} | {spread} | {line.bar} |"
                    f" {verdict(line)} | {'; '.join(line.notes)} |")
    return "\n".join(text)


def verdict(line):
    if line.ratio is None:
        return "not measured"
    return "yes" if line.is_met else "**no**"


def main(arguments=None):
    chosen = options(arguments)
    if len(os.sched_getaffinity(0) & {0, 1}) < 2:
        print("two cores are needed, 0 for the client and 1 for the server", file=sys.stderr)
        return 2
    adopt_orphans()
    lines = []
    with tempfile.TemporaryDirectory(prefix="squall-bench-") as folder:
        os.chmod(folder, 0o755)  # nginx's worker may be another user.
        try:
            server = Nginx(pathlib.Path(folder) / "nginx")
        except CannotRun as why:
            print(why, file=sys.stderr)
            return 2
        try:
            bench = rows.Bench(chosen.squall, server, folder, chosen.rounds, chosen.seconds,
                               chosen.unrecorded)
            for name in chosen.rows:
                some, took = rows.run_row(bench, name)
                print(f"{name}: {took:.0f} s", file=sys.stderr)
                lines += some
        finally:
            server.stop()
    print(f"{chosen.rounds} rounds each, closed loads of {chosen.seconds} s;"
          f" load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores,"
          f" Linux {platform.release()}\n")
    print(table(lines))
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(line) for line in lines], indent=1,
                                          ensure_ascii=False) + "\n")
    return 1 if chosen.strict and not all(line.is_met for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
