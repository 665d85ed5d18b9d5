"""Whole runs in which somebody is killed at a random moment of the faults' life: nothing is left.

Faults of every kind that this kernel can do without netem; then one of agent, reaper, both, coordinator,
or all of them get KILL. What the reaper or `squall recover` leave is compared with what was there before.
Several runs are under way at a time. SQUALL_KILLINGS says how many in all, four for each
of them where it does not; SQUALL_SEED which. Needs root."""
import collections
import os
import pathlib
import queue
import random
import signal
import subprocess
import threading
import time
import unittest

from support import SquallTest, children_of, free_port, processes_with, stat_of, wait_for

WHO = ["agent", "reaper", "both", "coordinator", "all"]
LANES = 6
VICTIM = "match: {pid_file: victim.pid}"
# What ends a service, of which there is one at a time.
OF_SERVICE = {
    "killed": ["at: 500ms, process: {signal: KILL, match: {service: web}}"],
    "restarted": ["at: 500ms, process: {action: restart, match: {service: web}}"],
    "hanging": ["at: 400ms, for: 1s, process: {action: hang, match: {service: web}}"],
}
KINDS = OF_SERVICE | {
    "stopped": [f"at: 300ms, for: 2s, process: {{signal: STOP, {VICTIM}}}"],
    "frozen": [f"at: 500ms, for: 2s, process: {{action: hang, {VICTIM}}}"],
    "limited": ["at: 200ms, for: 2s, descriptors: {share: 90%, of: {pid_file: victim.pid}}"],
    "full": ["at: 600ms, for: 1s, disk_fill: {path: ., size: 4MiB}"],
    "pressed": ["at: 200ms, for: 2s, descriptors: {count: 100}", "at: 300ms, for: 2s, memory: {size: 8MiB}",
                "at: 300ms, for: 2s, io: {path: ., size: 1MiB}",
                "at: 300ms, for: 2s, cpu: {share: 5%, workers: 1}"],
    "linked": ["at: 300ms, for: 2s, link: {target: edge, delay: 20ms}",
               "at: 300ms, for: 2s, pulse: {on: 50ms, off: 50ms}, link: {target: edge, black_hole: true}"],
    "netted": ["at: 300ms, for: 2s, network: {interface: lo, namespace: SPACE, direction: both, rate: 1mbit}",
               "at: 300ms, for: 2s, network: {interface: lo, namespace: SPACE, reject: reset}",
               "at: 300ms, for: 2s, pulse: {on: 50ms, off: 50ms}, network: {interface: lo, namespace: SPACE,"
               " partition: true}"],
    "netted-of": ["at: 400ms, for: 2s, network: {interface: va, namespace_of: {pid_file: victim.pid},"
                  " to: {port: 443}, loss: 10%}"],
    "autonomous": ["at: 400ms, for: 1s, autonomous: true, network: {interface: vb, namespace: SPACE,"
                   " to: {cidr: 10.0.0.0/8}, partition: true}"],
    "quic": ["at: 300ms, for: 2s, quic: {load: browse, rebind: {every: 300ms}}"],
}


def is_agent(pid):
    try:
        return b"\0agent\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


class Lane:
    """One run after the other in a folder, with a victim and a network namespace, of its own."""

    def __init__(self, test, number):
        self.test = test
        self.folder = test.folder / f"lane-{number}"
        self.folder.mkdir()
        self.environment = dict(test.environment, SQUALL_STATE_DIR=str(self.folder / "state"))
        self.port = free_port()
        self.space = f"squall-e2e-{os.getpid()}-{number}"
        self.ip("netns", "add", self.space)
        test.addCleanup(self.ip, "netns", "delete", self.space)
        self.ip("-n", self.space, "link", "add", "va", "type", "veth", "peer", "name", "vb")
        for device in ("lo", "va", "vb"):
            self.ip("-n", self.space, "link", "set", device, "up")
        self.victim = subprocess.Popen(["ip", "netns", "exec", self.space, "sleep", "1000"],
                                       start_new_session=True)
        test.addCleanup(test._end_group, self.victim)
        (self.folder / "victim.pid").write_text(str(self.victim.pid))
        wait_for(lambda: pathlib.Path(f"/proc/{self.victim.pid}/comm").read_text() == "sleep\n")
        self.run = None
        self.before = self.state()

    @staticmethod
    def ip(*words):
        return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout

    def state(self):
        """All that a fault could leave behind."""
        state = stat_of(self.victim.pid)
        proc = pathlib.Path(f"/proc/{self.victim.pid}")
        limits = [line for line in (proc / "limits").read_text().splitlines() if "open files" in line]
        files = sorted(path.name for path in self.folder.iterdir()
                       if path.name not in ("out", "state", "scenario.yaml"))
        journals = [str(path) for path in (self.folder / "state").rglob("journal-*")]
        network = [self.ip("netns", "exec", self.space, *words.split())
                   for words in ("tc qdisc show", "nft list ruleset", "ip -br link")]
        return (state and state[0] == "T", (proc / "cgroup").read_text(), limits, files, journals, network)

    def ours(self):
        """The processes of the run that is under way, by who they are."""
        agents = [child for child in children_of(self.run.pid) if is_agent(child)]
        reapers = processes_with(f"--journal {self.folder}")
        return {"agent": agents, "reaper": reapers, "both": reapers + agents, "coordinator": [self.run.pid],
                "all": reapers + agents + [self.run.pid]}

    def squall(self, *words):
        return subprocess.Popen([os.environ["SQUALL"], *map(str, words)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, env=self.environment, cwd=self.folder,
                                start_new_session=True)

    def recover(self):
        recovery = self.squall("recover")
        recovery.communicate(timeout=60)
        return recovery.returncode

    def start(self, faults, over_quic):
        way, url = ("h2,h3", "https") if over_quic else ("h1", "http")
        lines = "".join(f"  {name}: {{{words}}}\n" for name, words in faults.items())
        (self.folder / "scenario.yaml").write_text(f"""
squall: 1
name: killing
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{self.port}", --protocol, "{way}"]
    ready: {{url: "{url}://127.0.0.1:{self.port}/.squall/health", within: 20s}}
    restart: always
targets:
  edge: {{url: "{url}://127.0.0.1:{self.port}", protocol: {"h3" if over_quic else "h1"}, connections: 2,
          timeout: 300ms{", tls: {verify: false}" if over_quic else ""}}}
load:
  browse: {{target: edge, open: {{stages: [{{rate: 20/s, for: 3s}}]}}, requests: [{{get: /}}]}}
faults:
{lines.replace("SPACE", self.space)}objectives:
  available: {{load: browse, good: status < 500, goal: 1%}}
""")
        self.run = self.squall("run", "scenario.yaml", "--out", "out", "--quiet")
        self.test.addCleanup(self.test._end, self.run)

    def live_and_die(self, who, names, delay, dice):
        faults = {name: dice.choice(KINDS[name]) for name in names}
        self.start(faults, "quic" in names)
        # Most while something is in force: the load begins some tenths of a second after this.
        wait_for(lambda: processes_with(f"--listen 127.0.0.1:{self.port}") or self.run.poll() is not None,
                 within=60)
        self.test.assertIsNone(self.run.poll(), "refused: see what it said")
        time.sleep(delay)
        for pid in self.ours()[who]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.run.communicate(timeout=90)
        # Those who live end what is theirs; what nobody else will, recover does.
        wait_for(lambda: not self.ours()["agent"], within=30)
        if who not in ("reaper", "both", "all"):
            wait_for(lambda: not processes_with(f"--journal {self.folder}"), within=30)
        # By their names it finds also what other runs' reapers are just taking back.
        wait_for(lambda: self.recover() == 0, within=30)
        for mine in (f"127.0.0.1:{self.port}", str(self.folder)):
            wait_for(lambda mine=mine: not processes_with(mine), within=20)
        self.test.assertEqual(self.state(), self.before)


class Killing(SquallTest):
    def test_nothing_is_left_whoever_dies_and_whenever(self):
        dice = random.Random(int(os.environ.get("SQUALL_SEED", "1")))
        runs = int(os.environ.get("SQUALL_KILLINGS", 4 * len(WHO)))
        work = queue.Queue()
        drawn = collections.Counter()
        for number in range(runs):
            names = [list(KINDS)[number % len(KINDS)]]
            for kind in KINDS:
                of_service = kind in OF_SERVICE and OF_SERVICE.keys() & set(names)
                if kind not in names and not of_service and dice.random() < 0.25:
                    names.append(kind)
            drawn.update(names)
            work.put((number, WHO[number % len(WHO)], names, dice.uniform(0, 3.5)))
        failures = []
        lanes = [Lane(self, number) for number in range(min(LANES, runs))]

        def go(lane):
            while not failures:
                try:
                    number, who, names, delay = work.get_nowait()
                except queue.Empty:
                    return
                try:
                    lane.live_and_die(who, names, delay, random.Random(number))
                except Exception as failure:
                    failures.append(f"run {number}, {who} under {names} after {delay:.2f} s: {failure!r}")
                subprocess.run(["rm", "-rf", str(lane.folder / "out")], check=True)

        threads = [threading.Thread(target=go, args=(lane,)) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"{runs} runs, with {dict(drawn)}")
        self.assertEqual(failures, [])


if __name__ == "__main__":
    unittest.main()
