"""Peers that mean no good, at the port on which a coordinator awaits its agents, while one real agent
does its part: they are refused, told of in a few lines, and leave nothing behind.

SQUALL_BAD_PEERS=full sends what takes minutes: 10,000 connections, and a message of 1 GiB.
"""
import contextlib
import json
import os
import pathlib
import resource
import time
import unittest

import peers
from support import SquallTest, free_port, wait_for

IS_FULL = os.environ.get("SQUALL_BAD_PEERS") == "full"
CONNECTIONS = 10_000 if IS_FULL else 300
MESSAGE = (1 << 30) if IS_FULL else (96 << 20)
MOST_GROWTH_KIB = 48 << 10
MOST_AGAIN_KIB = 8 << 10  # What grows by each would grow again.
AT_MOST = "20m"  # The run is ended by us, when all was looked at.
FEW_DESCRIPTORS = 220  # Where there are not enough for all, a coordinator must not stop to accept.


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def peak_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


class BadPeers(SquallTest):
    def setUp(self):
        super().setUp()
        self.fleet, self.other = self.folder / "fleet", self.folder / "other"
        for folder in (self.fleet, self.other):
            self.squall("certs", "init", folder)
            self.squall("certs", "agent", folder, "--name", "a")
        self.squall("certs", "coordinator", self.fleet)
        self.port, self.target = free_port(), free_port()
        self.start("target", "--listen", f"127.0.0.1:{self.target}")

    def start_fleet(self):
        """The run and its one agent, once the load goes on."""
        path = self.scenario(f"""
squall: 1
name: beside-bad-peers
targets:
  edge: {{url: "http://127.0.0.1:{self.target}", protocol: h1, connections: 4, timeout: 2s}}
load:
  browse:
    target: edge
    open: {{stages: [{{rate: 50/s, for: {AT_MOST}}}]}}
    requests: [{{get: /}}]
""")
        ca = ("--ca", self.fleet / "ca.pem")
        run = self.start("run", path, "--out", self.folder / "out", "--listen", f"127.0.0.1:{self.port}",
                         "--expect", "1", "--wait", "60s", *ca, "--cert", self.fleet / "coordinator-main.pem",
                         "--key", self.fleet / "coordinator-main.key")
        self.start("agent", "--join", f"127.0.0.1:{self.port}", *ca, "--cert", self.fleet / "agent-a.pem",
                   "--key", self.fleet / "agent-a.key")
        wait_for(lambda: self.squall("ctl", self.folder / "out", "rate", "none", "1/s").stderr.find("no open load") > 0,
                 within=30)
        return run

    def shake_hands(self, folder=None, cert=None):
        folder = folder or self.fleet
        # Whose certificate it is asked to believe is another matter than whose it shows.
        return peers.shake_hands(self.port, self.fleet / "ca.pem", cert or folder / "agent-a.pem",
                                 folder / "agent-a.key")

    def send_big_message(self):
        with self.shake_hands() as stream:
            peers.call(stream)
            return peers.send_message(stream, MESSAGE)

    def assert_refuses(self, **whom):
        with self.assertRaises(OSError, msg=whom):
            self.shake_hands(**whom)

    def come_in_a_crowd(self, coordinator, opened):
        """Many connections, which are cut off by the coordinator and not by us: how many descriptors it had at most, and
        how long it took. Of three one is silent, one says what no agent would, one what an agent says first."""
        crowd = [peers.connect(self.port) for _ in range(CONNECTIONS)]
        words = [b"", b"GET / HTTP/1.0\r\n\r\n", peers.client_hello()]
        try:
            for i, one in enumerate(crowd):
                with contextlib.suppress(OSError):  # Some were shown the door already.
                    one.sendall(words[i % 3])
            began = time.monotonic()
            most = descriptors(coordinator)
            wait_for(lambda: descriptors(coordinator) <= opened + 6, within=60, every=0.2)
            return most, time.monotonic() - began
        finally:
            for one in crowd:
                one.close()

    def settles_below(self, coordinator, most_kib):
        """Memory is given back a while after it was freed."""
        try:
            wait_for(lambda: resident_kib(coordinator) < most_kib, within=30, every=0.2)
        except AssertionError:
            self.fail(f"{resident_kib(coordinator) >> 10} MiB, expected less than {most_kib >> 10}")

    def test_are_refused_and_leave_nothing_while_a_run_goes_on(self):
        run = self.start_fleet()
        with self.shake_hands():  # What is loaded only once is there before it is counted.
            pass
        first, opened = resident_kib(run.pid), descriptors(run.pid)

        self.assert_refuses(folder=self.other)
        self.assert_refuses(cert=peers.expired(self.fleet, "expired", self.fleet / "agent-a.pem"))
        held = [peers.connect(self.port)]                     # Connected, silent;
        self.addCleanup(lambda: [one.close() for one in held])
        held.append(self.shake_hands())                       # TLS, and no stream;
        held.append(self.shake_hands())                       # a stream without a hello;
        peers.call(held[-1])
        for said in (b"\x16\x03\x01\x02\x00\x01", os.urandom(4096)):  # a handshake that is begun; garbage.
            held.append(peers.connect(self.port))
            held[-1].sendall(said)
        took = [self.send_big_message() for _ in range(4)]
        if not IS_FULL:
            resource.prlimit(run.pid, resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, FEW_DESCRIPTORS))
        most, gone_after = self.come_in_a_crowd(run.pid, opened)
        self.settles_below(run.pid, first + MOST_GROWTH_KIB)
        before, peak = resident_kib(run.pid), peak_kib(run.pid)
        took.append(self.send_big_message())
        self.come_in_a_crowd(run.pid, opened)
        self.settles_below(run.pid, before + MOST_AGAIN_KIB)
        if run.poll() is not None:
            self.fail(f"the run ended ({run.returncode}) before it was looked at: {run.communicate()}")
        with self.shake_hands():  # Whoever means well is let in again.
            pass
        after = resident_kib(run.pid)
        for one in held:
            one.close()
        self.assertEqual(self.squall("ctl", self.folder / "out", "stop").returncode, 0)
        stdout, stderr = run.communicate(timeout=120)
        print(f"messages of {MESSAGE >> 20} MiB: took {[one >> 20 for one in took]} MiB; resident {first >> 10} MiB at "
              f"first, {peak >> 10} at most, {before >> 10} after {CONNECTIONS} connections, {after >> 10} after as many "
              f"again; {opened} descriptors before, {most} at most, few again after {gone_after:.1f} s")
        if run.returncode != 3:  # On a busy machine the generator may be the bottleneck.
            self.assertEqual(run.returncode, 4, stdout + stderr)
            self.assertIn("the generator was the bottleneck", " ".join(self.results()["reasons"]))
        # How soon each was cut off is the machine's affair too.
        self.assertLess(sorted(took)[len(took) // 2], 32 << 20)
        told = [line for line in stderr.splitlines() if "refused" in line]
        self.assertGreater(len(told), 0, stderr)
        self.assertLess(len(told), 12 if IS_FULL else 6, stderr)
        browse = self.results()["load"]["browse"]
        self.assertGreater(browse["due"], 100)
        self.assertLessEqual(browse["due"] - browse["ok"], 4, browse)  # What was under way at the end.
        self.assert_adds_up(browse)

    def results(self):
        return json.loads((self.folder / "out" / "results.json").read_text())


if __name__ == "__main__":
    unittest.main()
