"""A network fault in a whole run, inside a network namespace of the test's own, whose lo is then as
good as a machine's. Needs root; what it asks for needs no netem."""
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

import support
from support import SquallTest, program, stat_of, wait_for


class Network(SquallTest):
    def setUp(self):
        super().setUp()
        self.space = f"squall-e2e-{os.getpid()}"
        self.ip("netns", "add", self.space)
        self.addCleanup(self.ip, "netns", "delete", self.space)
        self.ip("-n", self.space, "link", "set", "lo", "up")

    @staticmethod
    def ip(*arguments):
        subprocess.run([program("ip"), *arguments], check=True)

    def inside(self, *command):
        return [program("ip"), "netns", "exec", self.space, *map(str, command)]

    def start(self, *arguments):
        process = subprocess.Popen(self.inside(support.SQUALL, *arguments), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=self.environment,
                                   cwd=self.folder, start_new_session=True)
        self.addCleanup(self._end, process)
        return process

    def state(self):
        """All that a fault could leave behind."""
        seen = ""
        for command in (("tc", "qdisc", "show"), ("tc", "class", "show", "dev", "lo"),
                        ("nft", "list", "ruleset"), ("ip", "-o", "link", "show")):
            seen += subprocess.run(self.inside(*command), check=True, capture_output=True,
                                   text=True).stdout
        return seen

    def scenario_with(self, fault, seconds=6):
        return self.scenario(f"""
squall: 1
name: network
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:8080"]
    ready: {{url: "http://127.0.0.1:8080/.squall/health", within: 10s}}
targets:
  edge: {{url: "http://127.0.0.1:8080", protocol: h1, connections: 5, timeout: 300ms}}
load:
  browse:
    target: edge
    open: {{stages: [{{rate: 50/s, for: {seconds}s}}]}}
    requests: [{{get: /}}]
faults:
  f: {{at: 2s, for: 2s, network: {fault}}}
objectives:
  available: {{load: browse, good: status < 500, goal: 1%}}
""")

    def test_cuts_for_as_long_as_it_was_asked_and_leaves_nothing(self):
        before = self.state()
        run = self.run_scenario(
            self.scenario_with("{interface: lo, to: {port: 8080}, partition: true}"))
        self.assertEqual(run.code, 0, run.said())
        fault = run.results["faults"]["f"]
        self.assertEqual(fault["state"], "undone")
        self.assertIn("(100 %) of them lost", fault["verified"]["seen"])
        phases = {phase["name"]: phase for phase in run.results["load"]["browse"]["phases"]}
        during = phases["during f"]
        # A phase ends with a whole second, so some of it may be after the fault's two.
        self.assertGreater(during["due"] - during["ok"], 80, run.said())
        self.assertEqual(phases["before f"]["ok"], phases["before f"]["due"])
        self.assertEqual(self.state(), before)

    def test_is_ineffective_when_it_met_no_packet(self):
        run = self.run_scenario(
            self.scenario_with("{interface: lo, to: {port: 9}, partition: true}"))
        self.assertEqual(run.code, 5, run.said())
        self.assertIn("no packet came that it was for", run.stdout)

    def test_refuses_before_the_load_what_cannot_be(self):
        for fault, why in (("{interface: eth9, loss: 2%}", "no interface 'eth9'"),
                           ("{interface: lo, to: {port: 22}, loss: 2%}", "SSH")):
            run = self.run_scenario(self.scenario_with(fault))
            self.assertEqual(run.code, 7, run.said())
            self.assertIn(why, run.said())
            shutil.rmtree(run.out)

    def test_is_undone_by_the_reaper_when_the_agent_is_killed(self):
        before = self.state()
        scenario = self.scenario_with("{interface: lo, direction: both, to: {port: 8080}, rate: 1mbit}")
        process = self.start("run", scenario, "--out", self.folder / "out", "--quiet")
        wait_for(lambda: "50a1:" in self.state(), within=30)
        self.assertIn("squall0", self.state())
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for child in children.read_text().split():
            command = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"agent" in command and stat_of(child):
                os.kill(int(child), signal.SIGKILL)
        wait_for(lambda: self.state() == before, within=10)
        process.communicate(timeout=60)
        self.assertEqual(self.squall("recover").stdout, "nothing to undo\n")

    def test_prints_its_steps_without_a_change(self):
        before = self.state()
        plan = self.squall("plan", self.scenario_with("{interface: lo, delay: 40ms}"))
        self.assertEqual(plan.returncode, 0, plan.stderr)
        self.assertIn("tc qdisc add dev lo parent 50a1:1 handle 50a2: netem limit 24415 delay 40ms",
                      plan.stdout)
        self.assertIn("undo: tc qdisc delete dev lo root handle 50a1:", plan.stdout)
        self.assertEqual(self.state(), before)

    def test_says_what_this_kernel_can_do(self):
        probe = self.squall("agent", "--probe")
        self.assertEqual(probe.returncode, 0, probe.stderr)
        self.assertIn("htb: yes", probe.stdout)
        self.assertRegex(probe.stdout, "netem: (yes|no)")


if __name__ == "__main__":
    unittest.main()
