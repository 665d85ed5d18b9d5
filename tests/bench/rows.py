"""The rows of the comparison: what is run, by whom, and what is taken from it."""
import os
import pathlib
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import Optional

import outputs
import truth
from programs import CannotRun, find, measure
from target import EmbeddedTarget

CONNECTIONS = 10
STREAMS = 32
IDLE = {"memory": 5000, "h3-memory": 2000}
HANDSHAKES = 4000
OPEN_RATE, OPEN_S = 50_000, 10
STALL_RATE, STALL_LENGTH_S, STALL_AT_S, STALL_S = 1000, 10, 5.0, 1.0

# Of each row: the work, the peer and the bar.
TITLES = {"h2": ("h2 TLS, 10×32 closed", "h2load", "≤ 1.0"),
          "h2c": ("h2c, 10×32 closed", "h2load", "≤ 0.8"),
          "h1": ("HTTP/1.1 TLS, 10 connections closed", "wrk", "≤ 1.2"),
          "h3": ("HTTP/3, 10×32 closed", "h2load with HTTP/3", "≤ 1.2"),
          "memory": ("memory per idle h2 TLS connection, 5,000", "h2load", "≤ 0.6"),
          "h3-memory": ("memory per idle h3 connection, 2,000", "h2load with HTTP/3", "≤ 0.6"),
          "h3-connect": ("h3 connections made, one request each", "h2load with HTTP/3", "told only"),
          "open": (f"open {OPEN_RATE:,}/s for {OPEN_S} s, h2 TLS", "h2load --rps",
                   "≤ 1.0, ours ≥ 99.9 % achieved"),
          "recording": ("h2c, 10×32 closed, with histograms", "squall without", "≤ 1.05"),
          "stall": ("error of reported p99, server stopped for 1 s", "all", "< 1")}


@dataclass
class Line:
    """One line of the table: us against one peer."""

    work: str
    peer: str
    unit: str
    bar: str
    ratio: Optional[truth.Ratio] = None
    is_met: bool = False
    notes: list = field(default_factory=list)
    ours: list = field(default_factory=list)  # One value a round.
    theirs: list = field(default_factory=list)


def line_of(row, unit):
    work, peer, bar = TITLES[row]
    return Line(work, peer, unit, bar)


class Bench:
    """What all rows need: the program under test, a server, a folder, and how long to run."""

    def __init__(self, squall, server, folder, rounds, seconds, unrecorded=None):
        self.squall, self.server, self.folder = squall, server, pathlib.Path(folder)
        self.unrecorded = unrecorded  # The same program without its histograms.
        self.rounds, self.seconds = rounds, seconds
        self.runs = 0
        self.h3 = None  # The port of what speaks it; nginx does not.

    def scenario(self, protocol, connections, streams, schedule, more_of_target=""):
        url = self.url(protocol).rstrip("/")
        more = "" if protocol == "h2c" else ", tls: {verify: false}"
        if protocol != "h1":  # It has no streams.
            more += f", streams: {streams}"
        more += more_of_target
        path = self.folder / f"scenario-{self.runs}.yaml"
        path.write_text(
            "squall: 1\nname: bench\ntargets:\n"
            f"  web: {{url: \"{url}\", protocol: {protocol}, connections: {connections},"
            f" timeout: 30s{more}}}\n"
            f"load:\n  all:\n    target: web\n    {schedule}\n    requests: [{{get: /}}]\n")
        return path

    def must_support(self, scenario):
        """Not every protocol that the language knows is spoken yet."""
        told = subprocess.run([self.squall, "validate", scenario], capture_output=True, text=True,
                              check=False)
        said = told.stdout + told.stderr
        if told.returncode != 0 or "not supported yet" in said:
            raise CannotRun(f"squall: {said.strip().splitlines()[-1]}")

    def run_ours(self, scenario, program=None, **how):
        """(what it cost, what it says)"""
        self.runs += 1
        out = self.folder / f"out-{self.runs}"
        done = measure(["env", f"SQUALL_STATE_DIR={self.folder / 'state'}", program or self.squall,
                        "run", scenario, "--out", out, "--shards", 1, "--quiet"], **how)
        results = out / "results.json"
        if not results.is_file():
            raise CannotRun(f"squall run ended with {done.code}: {done.output.strip()[-300:]}")
        said = outputs.squall(results.read_text())
        if said.ok == 0:
            raise CannotRun(f"squall: none of {said.due} requests was ok")
        return done, said

    @staticmethod
    def run_peer(command, read, **how):
        done = measure(command, **how)
        if done.code != 0:
            raise CannotRun(f"{command[0]} ended with {done.code}: {done.output.strip()[-300:]}")
        said = read(done.output)
        if said.ok == 0:
            raise CannotRun(f"{command[0]}: no request was ok")
        return done, said

    def url(self, protocol):
        port = {"h2": self.server.h2, "h2c": self.server.h2c, "h1": self.server.h1,
                "h3": self.h3}[protocol]
        return f"{'http' if protocol == 'h2c' else 'https'}://127.0.0.1:{port}/"

    def alternate(self, *turns, times=1):
        """Lets each take its turn every round, `times` as often, the first one first in even rounds only."""
        for number in range(self.rounds * times):
            for turn in turns if number % 2 == 0 else reversed(turns):
                turn()


class Side:
    """The rounds of one program."""

    def __init__(self):
        self.values, self.rates, self.failed, self.verdicts = [], [], 0, set()

    def add(self, value, said):
        self.values.append(value)
        self.rates.append(said.per_second)
        self.failed += said.failed
        if getattr(said, "verdict", "pass") != "pass":
            self.verdicts.add(said.verdict)

    def notes(self, name):
        told = [f"{name} {statistics.median(self.rates):,.0f}/s"]
        if self.failed:
            told.append(f"{name}: {self.failed} requests failed")
        return told + [f"{name}'s verdict: {verdict}" for verdict in sorted(self.verdicts)]


def compared(line, ours, theirs, bar, is_strict=False):
    """Fills in what came of the rounds."""
    line.ours, line.theirs = ours.values, theirs.values
    line.ratio = truth.ratio(line.ours, line.theirs)
    line.is_met = truth.is_met(line.ratio, bar, is_strict)
    line.notes += ours.notes("squall") + theirs.notes(line.peer)
    return line


def closed(bench, line, protocol, streams, peer, read, bar):
    """CPU seconds a request of as many users as fit, as quickly as it goes."""
    scenario = bench.scenario(protocol, CONNECTIONS, streams,
                              f"closed: {{users: {CONNECTIONS * streams}, for: {bench.seconds}s}}")
    bench.must_support(scenario)
    ours, theirs = Side(), Side()

    def we():
        done, said = bench.run_ours(scenario)
        ours.add(done.cpu_s / said.ok * 1e6, said)

    def they():
        done, said = bench.run_peer(peer, read)
        theirs.add(done.cpu_s / said.ok * 1e6, said)

    bench.alternate(we, they)
    return [compared(line, ours, theirs, bar)]


def h2load_closed(bench, protocol, bar):
    return closed(bench, line_of(protocol, "µs CPU/request"), protocol, STREAMS,
                  [find("h2load"), "-c", CONNECTIONS, "-m", STREAMS, "-D", bench.seconds,
                   bench.url(protocol)], outputs.h2load, bar)


def h2_tls(bench):
    return h2load_closed(bench, "h2", 1.0)


def h2c(bench):
    return h2load_closed(bench, "h2c", 0.8)


def h1_tls(bench):
    line = line_of("h1", "µs CPU/request")
    return closed(bench, line, "h1", 1,
                  [find("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{bench.seconds}s", "--latency",
                   bench.url("h1")], outputs.wrk, 1.2)


def h2load_h3():
    """An h2load that was built with HTTP/3."""
    peer = os.environ.get("H2LOAD_H3")
    if not peer:
        raise CannotRun("H2LOAD_H3=/path/to/h2load names it")
    return [peer, "--alpn-list=h3"]


def h3(bench):
    """As h2, against the embedded target."""
    peer = h2load_h3()
    line = line_of("h3", "µs CPU/request")
    with EmbeddedTarget(bench.squall) as server:
        bench.h3 = server.port
        return closed(bench, line, "h3", STREAMS,
                      [*peer, "-c", CONNECTIONS, "-m", STREAMS, "-D", bench.seconds,
                       bench.url("h3")], outputs.h2load, 1.2)


def h3_connect(bench):
    """CPU seconds of a connection with one request, many of them one after another."""
    peer = h2load_h3()
    line = line_of("h3-connect", "µs CPU/connection")
    with EmbeddedTarget(bench.squall) as server:
        bench.h3 = server.port
        scenario = bench.scenario("h3", CONNECTIONS, 1,
                                  f"closed: {{users: {CONNECTIONS}, for: {bench.seconds}s}}",
                                  ", new_connection_every: 1 requests")
        bench.must_support(scenario)
        ours, theirs = Side(), Side()

        def we():
            done, said = bench.run_ours(scenario)
            ours.add(done.cpu_s / said.ok * 1e6, said)

        def they():
            done, said = bench.run_peer(
                [*peer, "-c", HANDSHAKES, "-n", HANDSHAKES, "-r", HANDSHAKES // bench.seconds,
                 bench.url("h3")], outputs.h2load)
            theirs.add(done.cpu_s / said.ok * 1e6, said)

        bench.alternate(we, they)
        return [compared(line, ours, theirs, float("inf"))]


def memory(bench):
    return idle_memory(bench, "memory", "h2", [find("h2load")])


def h3_memory(bench):
    peer = h2load_h3()
    with EmbeddedTarget(bench.squall) as server:
        bench.h3 = server.port
        return idle_memory(bench, "h3-memory", "h3", peer)


def is_h2load(command):
    return command[0].endswith("h2load")


def idle_memory(bench, row, protocol, peer):
    """Peak memory of many connections that each carried one request, over that of one."""
    line, idle = line_of(row, "KiB"), IDLE[row]

    def ours_with(connections, length):
        scenario = bench.scenario(
            protocol, connections, 1,
            f"closed: {{users: {connections}, for: {length}, think: 1000s constant}}")
        done, said = bench.run_ours(
            scenario, memory_of=lambda command: command[1:2] == ["agent"])
        if said.ok < connections:
            raise CannotRun(f"squall: {said.ok} of {connections} connections did their request")
        return done.peak_kib, said

    def theirs_with(connections, *how):
        done, said = bench.run_peer([*peer, "-c", connections, *how, bench.url(protocol)],
                                    outputs.h2load, memory_of=is_h2load)
        if connections > 1 and said.ok < connections:
            raise CannotRun(f"h2load: {said.ok} of {connections} requests were ok")
        return done.peak_kib, said

    ours, theirs = Side(), Side()
    our_base = ours_with(1, "1s")[0]
    their_base = theirs_with(1, "-D", 1, "--rps", 10)[0]  # For long enough to be looked at.

    def we():
        peak, said = ours_with(idle, "8s")
        ours.add((peak - our_base) / (idle - 1), said)

    def they():
        peak, said = theirs_with(idle, "-n", idle)
        theirs.add((peak - their_base) / (idle - 1), said)

    bench.alternate(we, they)
    compared(line, ours, theirs, 0.6)
    line.notes = [note for note in line.notes if "/s" not in note]
    line.notes.append(f"with 1 connection: squall's agent {our_base:,} KiB, h2load {their_base:,} KiB")
    return [line]


def open_rate(bench):
    """A schedule of 50,000 requests a second; who keeps it, and at what cost."""
    line = line_of("open", "µs CPU/request")
    planned = OPEN_RATE * OPEN_S
    scenario = bench.scenario("h2", CONNECTIONS, STREAMS,
                              f"open: {{stages: [{{rate: {OPEN_RATE}/s, for: {OPEN_S}s}}]}}")
    ours, theirs, our_share, their_share = Side(), Side(), [], []

    def we():
        done, said = bench.run_ours(scenario)
        ours.add(done.cpu_s / said.ok * 1e6, said)
        our_share.append(min(said.ok, said.in_time) / planned)

    def they():
        done, said = bench.run_peer(
            [find("h2load"), "-c", CONNECTIONS, "-m", STREAMS, "-D", OPEN_S,
             "--rps", OPEN_RATE // CONNECTIONS, bench.url("h2")], outputs.h2load)
        theirs.add(done.cpu_s / said.ok * 1e6, said)
        their_share.append(said.ok / planned)

    bench.alternate(we, they)
    compared(line, ours, theirs, 1.0)
    achieved = statistics.median(our_share)
    line.is_met = line.is_met and achieved >= 0.999
    line.notes.append(f"achieved: squall {achieved:.3%}, h2load {statistics.median(their_share):.3%}")
    return [line]


def recording(bench):
    """What the histograms cost: the program against itself without them."""
    if bench.unrecorded is None or not os.access(bench.unrecorded, os.X_OK):
        raise CannotRun(f"{bench.unrecorded} is not there: make bench builds it")
    line = line_of("recording", "µs CPU/request")
    scenario = bench.scenario("h2c", CONNECTIONS, STREAMS, f"closed: {{users: "
                              f"{CONNECTIONS * STREAMS}, for: {bench.seconds}s}}")
    ours, without = Side(), Side()

    def turn(side, program):
        done, said = bench.run_ours(scenario, program)
        side.add(done.cpu_s / said.ok * 1e6, said)

    # The two differ by less than one round from the next: it takes more of them to see which is more.
    bench.alternate(lambda: turn(ours, bench.squall), lambda: turn(without, bench.unrecorded), times=3)
    return [compared(line, ours, without, 1.05)]


def stall(bench):
    """How far the reported p99 is from what it must be, when the server stands still for 1 s."""
    schedule = f"open: {{stages: [{{rate: {STALL_RATE}/s, for: {STALL_LENGTH_S}s}}]}}"
    scenario = bench.scenario("h2", CONNECTIONS, STREAMS, schedule)
    ours = Side()

    def error(run):
        """By how many milliseconds one run's p99 is wrong."""
        at = [(STALL_AT_S, lambda: bench.server.signal(signal.SIGSTOP)),
              (STALL_AT_S + STALL_S, lambda: bench.server.signal(signal.SIGCONT))]
        try:
            done, said = run(deeds=at)
        finally:
            bench.server.signal(signal.SIGCONT)  # Also when it broke in between.
        expected = truth.stalled_percentile(99, STALL_LENGTH_S, done.deeds[1] - done.deeds[0])
        return abs(said.p99_s - expected) * 1e3, said

    def we():
        ours.add(*error(lambda **how: bench.run_ours(scenario, **how)))

    lines, turns, sides = [], [we], []
    for name, run in stall_peers(bench):
        line = Line(TITLES["stall"][0], name, "ms", TITLES["stall"][2])
        lines.append(line)
        sides.append(Side())
        if isinstance(run, str):
            line.notes.append(run)
            continue

        def they(side=sides[-1], run=run, line=line):
            try:
                side.add(*error(run))
            except (CannotRun, outputs.Unreadable) as wrong:
                line.notes.append(str(wrong))

        turns.append(they)
    bench.alternate(*turns)
    for line, side in zip(lines, sides):
        if side.values:
            compared(line, ours, side, 1.0, is_strict=True)
    return lines


def stall_peers(bench):
    """(name, how to run it, or why it cannot be)"""
    each = STALL_RATE // CONNECTIONS
    log = bench.folder / "h2load.log"

    def h2load(streams):
        def run(**how):
            log.unlink(missing_ok=True)
            done, said = bench.run_peer(
                [find("h2load"), "-c", CONNECTIONS, "-m", streams, "-D", STALL_LENGTH_S, "--rps",
                 each, f"--log-file={log}", bench.url("h2")], outputs.h2load, **how)
            said.p99_s = truth.percentile(outputs.h2load_log(log.read_text()), 99)
            return done, said
        return run

    def plain(command, read):
        return lambda **how: bench.run_peer([*command, bench.url("h1")], read, **how)

    yield f"h2load --rps, 10×{STREAMS}", h2load(STREAMS)
    yield "h2load --rps, 10×100", h2load(100)
    yield "hey -q (HTTP/1.1)", plain(
        [find("hey"), "-c", CONNECTIONS, "-q", each, "-z", f"{STALL_LENGTH_S}s"], outputs.hey)
    wrk = ["-t1", f"-c{CONNECTIONS}", f"-d{STALL_LENGTH_S}s", "--latency"]
    yield "wrk (closed, HTTP/1.1)", plain([find("wrk"), *wrk], outputs.wrk)
    if os.environ.get("WRK2"):
        yield "wrk2 (HTTP/1.1)", plain([os.environ["WRK2"], *wrk, f"-R{STALL_RATE}"], outputs.wrk)
    else:
        yield "wrk2", "WRK2=/path/to/wrk2 names it"
    if os.environ.get("K6"):
        yield "k6", k6(bench)
    else:
        yield "k6", "K6=/path/to/k6 names it"


def k6(bench):
    script, summary = bench.folder / "k6.js", bench.folder / "k6.json"
    script.write_text(f"""import http from 'k6/http';
export const options = {{
  insecureSkipTLSVerify: true,
  summaryTrendStats: ['p(99)'],
  scenarios: {{all: {{executor: 'constant-arrival-rate', rate: {STALL_RATE}, timeUnit: '1s',
    duration: '{STALL_LENGTH_S}s', preAllocatedVUs: {CONNECTIONS * STREAMS}}}}},
}};
export default function () {{ http.get('{bench.url("h2")}'); }}
""")

    def run(**how):
        summary.unlink(missing_ok=True)
        return bench.run_peer(
            [os.environ["K6"], "run", "--quiet", f"--summary-export={summary}", script],
            lambda _: outputs.k6(summary.read_text()), **how)
    return run


ROWS = {"h2": h2_tls, "h2c": h2c, "h1": h1_tls, "h3": h3, "h3-connect": h3_connect,
        "h3-memory": h3_memory, "memory": memory, "open": open_rate,
        "recording": recording, "stall": stall}


def run_row(bench, name):
    """The row's lines; when it cannot run, one that says why."""
    began = time.monotonic()
    try:
        lines = ROWS[name](bench)
    except (CannotRun, outputs.Unreadable) as why:
        work, peer, bar = TITLES[name]
        lines = [Line(work, peer, "", bar, notes=[str(why)])]
    return lines, time.monotonic() - began
