"""A network fault in a whole run, inside a network namespace of the test's own, whose lo is then as
good as a machine's. Needs root; what it asks for needs no netem."""
import json
import os
import pathlib
import re
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

    def audited(self):
        """What was done, as the audit log has it."""
        lines = (self.folder / "state" / "audit.jsonl").read_text().splitlines()
        return [json.loads(line)["what"] for line in lines]

    def listed(self, state):
        """What `squall faults` says to somebody with this state folder."""
        return subprocess.run(self.inside(support.SQUALL, "faults"), capture_output=True, text=True, check=True,
                              env=dict(self.environment, SQUALL_STATE_DIR=str(state))).stdout

    def scenario_with(self, fault, seconds=6, pulse="", more=""):
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
  f: {{at: 2s, for: 2s, {pulse}network: {fault}}}
{more}objectives:
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
        self.assertRegex(fault["verified"]["seen"], "; 100 % lost of [0-9]+ probes(;|$)")
        phases = {phase["name"]: phase for phase in run.results["load"]["browse"]["phases"]}
        during = phases["during f"]
        # A phase ends with a whole second, so some of it may be after the fault's two.
        self.assertGreater(during["due"] - during["ok"], 80, run.said())
        self.assertEqual(phases["before f"]["ok"], phases["before f"]["due"])
        self.assertEqual(self.state(), before)
        self.assertEqual(self.audited(),
                         ["run.begun", "fault.applied", "fault.undone", "run.ended"])

    def test_shares_its_interface_and_pulses(self):
        before = self.state()
        # Somebody else, whose datagrams the second fault meets.
        chatter = subprocess.Popen(
            self.inside("bash", "-c", "while sleep 0.05; do echo x >/dev/udp/127.0.0.1/9; done"),
            stderr=subprocess.DEVNULL)
        self.addCleanup(chatter.wait)
        self.addCleanup(chatter.kill)
        run = self.run_scenario(self.scenario_with(
            "{interface: lo, to: {port: 8080, transport: tcp}, partition: true}",
            pulse="pulse: {on: 400ms, off: 400ms}, ",
            more="  g: {at: 1s, for: 2s, network: {interface: lo, to: {port: 9, transport: udp},"
                 " partition: true}}\n"))
        self.assertEqual(run.code, 0, run.said())
        faults = run.results["faults"]
        self.assertRegex(faults["f"]["verified"]["seen"], "^[23] pulses of 400 ms, ")
        self.assertIn("(100 %) of them lost", faults["g"]["verified"]["seen"])
        self.assertEqual({fault["state"] for fault in faults.values()}, {"undone"})
        self.assertEqual(self.state(), before)

    def test_cuts_off_a_service_by_its_ports(self):
        before = self.state()
        run = self.run_scenario(
            self.scenario_with("{interface: lo, of: {service: web}, partition: true}", seconds=5))
        self.assertEqual(run.code, 0, run.said())
        seen = run.results["faults"]["f"]["verified"]["seen"]
        self.assertRegex(seen, "service web is met by its (port 8080|cgroup /.*)(;|$)")
        self.assertIn("(100 %) of them lost", seen)
        self.assertEqual(self.state(), before)

    def test_refuses_a_cgroup_that_is_not_there(self):
        run = self.run_scenario(self.scenario_with(
            "{interface: lo, of: {cgroup: squall-test-none.slice}, partition: true}"))
        if pathlib.Path("/sys/fs/cgroup/cgroup.procs").exists():
            self.assertEqual(run.code, 7, run.said())
            self.assertIn("there is no cgroup /sys/fs/cgroup/squall-test-none.slice", run.said())
        else:
            self.assertEqual(run.code, 2, run.said())
            self.assertIn("this machine has no cgroups of version 2 at /sys/fs/cgroup", run.said())

    def test_is_ineffective_when_somebody_else_changes_the_interface(self):
        scenario = self.scenario_with("{interface: lo, to: {port: 8080}, partition: true}", seconds=5)
        out = self.folder / "out"
        process = self.start("run", scenario, "--out", out, "--quiet")
        wait_for(lambda: "50a1:" in self.state(), within=30)
        subprocess.run(self.inside("tc", "qdisc", "replace", "dev", "lo", "root", "handle", "7:",
                                   "pfifo", "limit", "99"), check=True)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5)
        fault = json.loads((out / "results.json").read_text())["faults"]["f"]
        self.assertRegex(json.dumps(fault), r"the root qdisc of lo was changed by somebody else at "
                                            r"[23]([.][0-9]+)? s: it is pfifo 7:")
        state = self.state()
        self.assertIn("pfifo 7: dev lo root", state.replace("qdisc ", ""))
        self.assertNotIn("squall", state)

    def test_two_at_once_are_measured_each_for_itself(self):
        run = self.run_scenario(self.scenario_with(
            "{interface: lo, to: {port: 8080, transport: tcp}, partition: true}",
            more="  g: {at: 2s, for: 2s, network: {interface: lo, to: {port: 9, transport: udp},"
                 " loss: 50%}}\n"))
        seen = {name: fault["verified"]["seen"] for name, fault in run.results["faults"].items()}
        self.assertRegex(seen["f"], r"\(100 %\) of them lost.*; 100 % lost of [0-9]+ probes(;|$)")
        lost = float(re.search(r"([0-9.]+) % lost of 200 probes(?:;|$)", seen["g"]).group(1))
        self.assertAlmostEqual(lost, 50, delta=20)  # More than five standard errors.

    def test_is_ineffective_when_it_met_no_packet(self):
        run = self.run_scenario(
            self.scenario_with("{interface: lo, to: {port: 9}, partition: true}"))
        self.assertEqual(run.code, 5, run.said())
        self.assertIn("no packet came that it was for", run.stdout)

    def test_refuses_before_the_load_what_cannot_be(self):
        # What is so on any machine is the scenario's mistake; what this one lacks its agent finds.
        for fault, why, code in (("{interface: eth9, loss: 2%}", "no interface 'eth9'", 7),
                                 ("{interface: lo, to: {port: 22}, loss: 2%}", "SSH", 2)):
            run = self.run_scenario(self.scenario_with(fault))
            self.assertEqual(run.code, code, run.said())
            self.assertIn(why, run.said())
            shutil.rmtree(run.out, ignore_errors=True)
            if code != 2:
                continue
            for command in ("validate", "plan"):  # They agree with run.
                said = self.squall(command, self.scenario_with(fault))
                self.assertEqual(said.returncode, 2, said.stdout)
                self.assertRegex(said.stderr, f"[.]yaml:[0-9]+:[0-9]+: .*{why}")

    def test_refuses_a_process_that_is_protected_and_ssh_in_the_namespace_of_another(self):
        sleeper = subprocess.Popen(self.inside("sleep", "60"))
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        wait_for(lambda: pathlib.Path(f"/proc/{sleeper.pid}/comm").read_text() == "sleep\n")
        ssh = f"{{interface: lo, namespace_of: {{pid: {sleeper.pid}}}, to: {{port: 22}}, partition: true}}"
        first = "{interface: lo, namespace_of: {pid: 1}, to: {port: 8080}, partition: true}"
        for fault, why in ((ssh, "port 22 is SSH's, which is protected"),
                           (first, "pid 1 is the first process of this machine, which is protected")):
            path = self.scenario_with(fault)
            line = path.read_text().splitlines().index("faults:") + 2
            for command in ("plan", "run"):
                process = self.start(command, path)
                planned, said = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 2, said)
                self.assertIn(f"{path}:{line}:3: fault f: {why}", said)
        path = self.scenario_with("{interface: lo, partition: true}",
                                  more="  g: {at: 1s, process: {signal: KILL, match: {pid: 1}}}\n")
        said = self.squall("plan", path)
        self.assertEqual(said.returncode, 2, said.stdout)
        self.assertRegex(said.stderr, "[.]yaml:[0-9]+:3: fault g: pid 1 is the first process")

    def test_looks_again_for_a_process_that_is_not_there_yet(self):
        missing = "nothing matches process name 'squall-nobody'"
        run = self.run_scenario(self.scenario_with(
            "{interface: lo, namespace_of: {name: squall-nobody}, to: {port: 8080}, partition: true}"))
        self.assertEqual(run.code, 7, run.said())
        results = json.loads((run.out / "results.json").read_text())
        self.assertIn(f"fault f: {missing}, as of now; it is looked for again when the fault is due",
                      results["warnings"])
        self.assertEqual(results["faults"]["f"]["state"], "failed")
        self.assertGreater(results["load"]["browse"]["completed"], 0)
        self.assertNotIn("No such process", run.said())

    def test_says_why_a_target_does_not_answer_whether_it_is_ready(self):
        self.ip("-n", self.space, "address", "add", "192.0.2.7/32", "dev", "lo")
        path = self.scenario_with("{interface: lo, to: {port: 8080}, loss: 1%}")
        path.write_text(path.read_text().replace('"127.0.0.1:8080"]', '"0.0.0.0:8080"]').replace(
            "http://127.0.0.1:8080/.squall/health\", within: 10s", "http://192.0.2.7:8080/.squall/health\", within: 2s"))
        run = self.run_scenario(path)
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("status 403: only for the machine itself", " ".join(run.said().split()))

    def test_refuses_to_cut_off_the_gateway(self):
        self.ip("-n", self.space, "link", "add", "up0", "type", "veth",
                "peer", "name", "up1")
        self.ip("-n", self.space, "address", "add", "192.0.2.2/24", "dev", "up0")
        self.ip("-n", self.space, "link", "set", "up0", "up")
        self.ip("-n", self.space, "route", "add", "default", "via", "192.0.2.1")
        scenario = self.scenario_with("{interface: up0, to: {cidr: 192.0.2.1}, partition: true}")
        for command in ("plan", "run"):
            process = self.start(command, scenario)
            _, said = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 2, said)
            self.assertIn("fault f: 192.0.2.1 is this machine's default gateway, which is protected", said)
        process = self.start("plan", self.scenario_with("{interface: up0, partition: true}"))
        planned, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, said)
        for rule in ("ip daddr 192.0.2.1 accept", "meta protocol arp accept"):
            self.assertIn(rule, planned)

    def test_is_undone_by_the_reaper_when_the_agent_is_killed(self):
        before = self.state()
        scenario = self.scenario_with("{interface: lo, direction: both, to: {port: 8080}, rate: 1mbit}")
        process = self.start("run", scenario, "--out", self.folder / "out", "--quiet")
        wait_for(lambda: "50a1:" in self.state(), within=30)
        self.assertIn("squall0", self.state())
        self.assertIn("which will undo it", self.listed(self.folder / "state"))
        self.assertIn("its agent lives, with another state folder", self.listed(self.folder / "other"))
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for child in children.read_text().split():
            command = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"agent" in command and stat_of(child):
                os.kill(int(child), signal.SIGKILL)
        wait_for(lambda: self.state() == before, within=10)
        process.communicate(timeout=60)
        # Below it may be told of processes that somebody else has stopped.
        self.assertEqual(self.squall("recover").stdout.splitlines()[0], "nothing to undo")
        did = self.audited()
        self.assertEqual(did[:2], ["run.begun", "fault.applied"])
        self.assertIn("reaper.undone", did[2:])

    def test_refuses_ssh_in_its_own_namespace_by_whatever_name_and_says_where(self):
        path = self.scenario_with(f"{{interface: lo, namespace: {self.space}, to: {{port: 22}}, partition: true}}")
        line = path.read_text().splitlines().index("faults:") + 2
        for command in ("plan", "run"):
            process = self.start(command, path)
            planned, said = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 2, said)
            self.assertIn(f"{path}:{line}:3: fault f: port 22 is SSH's, which is protected", said)
            self.assertNotIn("Invalid argument", planned + said)
            self.assertNotIn("not known here", planned)
            if command == "plan":
                self.assertIn("refused: port 22 is SSH's", planned)
        # Elsewhere it is somebody else's.
        elsewhere = subprocess.run([support.SQUALL, "plan", path], capture_output=True, text=True,
                                   env=self.environment)
        self.assertEqual(elsewhere.returncode, 0, elsewhere.stderr)

    def test_one_comes_at_its_time_though_what_the_one_before_delayed_has_not_left(self):
        before = self.state()
        # What it slows takes a second and more to leave.
        path = self.scenario_with(
            "{interface: lo, to: {port: 9, transport: udp}, rate: 60kbit}",
            more="  g: {at: 4s, for: 1s, network: {interface: lo, to: {port: 9, transport: udp}, partition: true}}\n")
        planned = self.start("plan", path).communicate(timeout=60)[0]
        self.assertIn("note: while packets are still on their way that f has met, a second at most, it"
                      " shares our root with it", planned)
        chatter = subprocess.Popen(
            self.inside("bash", "-c", "x=$(printf %01000d 0); while sleep 0.02; do"
                                      " echo $x >/dev/udp/127.0.0.1/9; done"), stderr=subprocess.DEVNULL)
        self.addCleanup(chatter.wait)
        self.addCleanup(chatter.kill)
        process = self.start("run", path, "--out", self.folder / "out", "--quiet")
        said = process.communicate(timeout=120)[1]
        self.assertIn(process.returncode, (0, 4), said)  # 4: this machine was too busy for its load.
        results = json.loads((self.folder / "out" / "results.json").read_text())
        self.assertEqual({fault["state"] for fault in results["faults"].values()}, {"undone"})
        events = {(event["kind"], event["subject"]): event for event in results["events"]}
        applied = events["fault.applied", "g"]
        self.assertIn("it shares our root with f", applied["detail"])
        # What it would else have waited for takes a second.
        late = results["faults"]["g"]["actual"]["from_s"] - results["faults"]["g"]["planned"]["from_s"]
        self.assertLess(late, 1, applied)
        self.assertEqual(self.state(), before)

    def test_prints_its_steps_without_a_change(self):
        before = self.state()
        plan = self.squall("plan", self.scenario_with("{interface: lo, delay: 40ms}"))
        self.assertEqual(plan.returncode, 0, plan.stderr)
        self.assertIn("tc qdisc add dev lo parent 50a1:1 handle 50a2: netem limit 24415 delay 40ms",
                      plan.stdout)
        self.assertIn("undo: tc qdisc delete dev lo root handle 50a1:", plan.stdout)
        can = "netem: yes" in self.squall("agent", "--probe").stdout
        cannot = "this kernel has no qdisc netem, which delay 40 ms needs: a run would be refused"
        (self.assertNotIn if can else self.assertIn)(cannot, plan.stdout)
        self.assertEqual(self.state(), before)

    def test_says_what_this_kernel_can_do(self):
        probe = self.squall("agent", "--probe")
        self.assertEqual(probe.returncode, 0, probe.stderr)
        self.assertIn("htb: yes", probe.stdout)
        self.assertRegex(probe.stdout, "netem: (yes|no)")


if __name__ == "__main__":
    unittest.main()
