#!/usr/bin/env python3
"""How close searches for a capacity come to the truth, on the real embedded target.

    tests/bench/capacity.py --seeds 2                       # a trial: the shipped scenario as it is
    tests/bench/capacity.py --seeds 20 --targets queue,collapsing,changing
    tests/bench/capacity.py --seeds 20 --searches squall,bisection,nighthawk --json searches.json

The search of squall is a run of scenarios/library/capacity.yaml, with its behaviour changed for the
targets other than `queue`. The others (fixed_searches.py) are a target that stays up and a run of
squall at a fixed rate for each of their probes; their time is that for which load was offered, not
that of starting the runs. What the target is in those gaps, it is in their favour.

A search takes 1.5 (squall) to 4 minutes (bisection) for each seed and target. `--at-once 2` makes
two at the same time: each needs little of a core, but the machine should have nothing else to do.
Exit code 1 when squall's own is within 5 % in less than 19 of 20.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import queue
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import erlang  # noqa: E402
from fixed_searches import SEARCHES  # noqa: E402

SCENARIO = ROOT / "scenarios" / "library" / "capacity.yaml"
SERVICE, WITHIN, ALLOWED = 0.010, 0.100, 0.01  # What the scenario says.
LOW, HIGH, START = 50, 4000, 200
CHANGES_AT = 40.0  # Seconds after the target's start.

QUEUE = "/: service 10ms exponential, limit 8, queue 500"
TARGETS = {
    "queue": QUEUE,
    # At its capacity a line of 200 is one in a million: the knee is that of the queue.
    "collapsing": QUEUE + ", thrash 3% beyond 200",
    "changing": QUEUE + f", from {CHANGES_AT:.0f}s limit 6",
}

PROBE = """\
squall: 1
name: probe
seed: {seed}
targets: {{site: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 4, streams: 500, timeout: 1s}}}}
load:
{calm}  visitors:
    target: site
    at: {after}s
    open: {{arrivals: poisson, stages: [{{rate: {rate}/s, for: {seconds}s}}]}}
    requests: [{{get: /}}]
objectives: {{fast: {{load: visitors, within: 100ms, goal: 99%}}}}
"""
CALM = """\
  calm:
    target: site
    open: {{arrivals: poisson, stages: [{{rate: {low}/s, for: {after}s}}]}}
    requests: [{{get: /}}]
"""


def truth_of(target, ended):
    """The capacity of a target at the time at which the last probe ended, since its start."""
    servers = 6 if target == "changing" and ended > CHANGES_AT else 8
    return erlang.capacity(servers, SERVICE, WITHIN, ALLOWED)


class Bench:
    """Runs squall, each search with a port of its own."""

    def __init__(self, squall, folder):
        self.squall, self.folder = squall, folder
        self.environment = dict(os.environ, SQUALL_STATE_DIR=str(folder / "state"))
        self.ports = queue.Queue()
        for port in range(18500, 18540):
            self.ports.put(port)

    def run(self, name, scenario, *arguments):
        out = self.folder / name
        done = subprocess.run([self.squall, "run", scenario, "--out", out, "--quiet", *arguments],
                              check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              env=self.environment, text=True)
        try:
            return json.loads((out / "results.json").read_text())
        except FileNotFoundError:
            raise SystemExit(f"{name}: exit code {done.returncode}: {done.stderr}") from None

    def command(self, program, target, seed, port):
        return [program, "target", "--listen", f"127.0.0.1:{port}", "--protocol", "h2c", "--seed",
                str(seed), "--behaviour", TARGETS[target]]

    def search(self, target, how, seed):
        port = self.ports.get()
        try:
            found = self.our_own(target, seed, port) if how == "squall" else self.other(target, how, seed, port)
        finally:
            self.ports.put(port)
        truth = truth_of(target, found.pop("ended"))
        rate = found["good"]
        return dict(found, target=target, search=how, seed=seed, truth=truth,
                    off=rate / truth - 1 if rate else None)

    def our_own(self, target, seed, port):
        sets = {"seed": seed, "targets.site.url": f"http://127.0.0.1:{port}",
                "services.web.command": json.dumps(self.command("${squall}", target, seed, port)),
                "services.web.ready.url": f"http://127.0.0.1:{port}/.squall/health"}
        results = self.run(f"{target}-squall-{seed}", SCENARIO,
                           *(word for key, value in sets.items() for word in ("--set", f"{key}={value}")))
        found = results["capacity"]
        # The target is up a moment before second 0.
        ended = found["probes"][-1]["to_s"] if found["probes"] else 0
        return {"end": found["end"], "good": found["good"], "bad": found["bad"], "ended": ended,
                "past": found["past"], "kept": found["goodput_kept"], "verified": found["verified"],
                "probes": len(found["probes"]), "seconds": results["duration_s"]}

    def other(self, target, how, seed, port):
        process = subprocess.Popen(self.command(self.squall, target, seed, port),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            begin = wait_for_port(port, process)
            probes, offered = [], 0

            def offer(rate, seconds, calm):
                nonlocal offered
                name = f"{target}-{how}-{seed}-{len(probes)}"
                scenario = self.folder / f"{name}.yaml"
                scenario.write_text(PROBE.format(
                    seed=seed * 1000 + len(probes), port=port, rate=rate, seconds=seconds, after=calm,
                    calm=CALM.format(low=LOW, after=calm) if calm else ""))
                fast = self.run(name, scenario)["objectives"]["fast"]
                offered += calm + seconds
                probes.append(rate)
                return fast["budget"]["spent"] <= ALLOWED * fast["samples"]

            good = SEARCHES[how](offer, LOW, HIGH, START)
            return {"end": "found", "good": good, "bad": None, "ended": time.monotonic() - begin,
                    "past": None, "kept": None, "verified": None, "probes": len(probes),
                    "seconds": offered}
        finally:
            process.terminate()
            process.wait()


def wait_for_port(port, process):
    """When the target began to answer."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the target ended with exit code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return time.monotonic()
        except OSError:
            time.sleep(0.02)
    raise SystemExit("the target did not come up")


def is_close(row):
    return row["end"] == "found" and row["off"] is not None and abs(row["off"]) <= 0.05


def cells(row):
    return [row["target"], row["search"], row["seed"], row["end"] + (", verified" if row["verified"] else ""),
            f"{row['good'] or 0:.0f}/s", f"{row['bad']:.0f}/s" if row["bad"] else "–", f"{row['truth']:.0f}/s",
            f"{row['off']:+.1%}" if row["off"] is not None else "–", row["past"] or "–", row["probes"],
            f"{row['seconds']:.0f} s"]


def summary(rows):
    """One line for each target and search."""
    groups = {}
    for row in rows:
        groups.setdefault((row["target"], row["search"]), []).append(row)
    lines = ["| target | search | within 5 % | probes | time |", "|---|---|---|---|---|"]
    for (target, search), group in groups.items():
        mean = {key: sum(row[key] for row in group) / len(group) for key in ("probes", "seconds")}
        lines.append(f"| {target} | {search} | {sum(map(is_close, group))} of {len(group)} "
                     f"| {mean['probes']:.1f} | {mean['seconds']:.0f} s |")
    return "\n".join(lines)


def names(known):
    def read(text):
        chosen = text.split(",")
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name}: expected some of {', '.join(known)}")
        return chosen
    return read


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--targets", type=names(TARGETS), default=["queue"])
    parser.add_argument("--searches", type=names(["squall", *SEARCHES]), default=["squall"])
    parser.add_argument("--at-once", type=int, default=1, choices=range(1, 21), metavar="N")
    parser.add_argument("--json", type=pathlib.Path, help="all searches, for further counting")
    parser.add_argument("--squall", default=ROOT / "build" / "release" / "bin" / "squall")
    options = parser.parse_args()
    jobs = [(target, search, seed) for target in options.targets for search in options.searches
            for seed in range(options.first_seed, options.first_seed + options.seeds)]
    rows = []
    print("| target | search | seed | end | good | refuted | truth | off | past | probes | time |\n"
          "|---|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="squall-capacity-") as folder, \
            concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        bench = Bench(options.squall, pathlib.Path(folder))
        for row in pool.map(lambda job: bench.search(*job), jobs):
            rows.append(row)
            print("| " + " | ".join(map(str, cells(row))) + " |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    print("\n" + summary(rows))
    for target in options.targets:
        ours = [row for row in rows if (row["target"], row["search"]) == (target, "squall")]
        if sum(map(is_close, ours)) < 0.95 * len(ours):
            sys.exit(1)


if __name__ == "__main__":
    main()
