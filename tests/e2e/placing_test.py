"""Agents that are started over ssh for one run: against a real sshd of the test's own, on loopback."""
import datetime
import getpass
import os
import pathlib
import secrets
import signal
import subprocess
import time
import unittest

import support
from support import SquallTest, free_port, processes_with, program, wait_for


class Placing(SquallTest):
    def setUp(self):
        super().setUp()
        self.ssh_port, self.target_port = free_port(), free_port()
        # No other test's: what is left behind is looked for by these names.
        mark = secrets.token_hex(4)
        self.first, self.second = f"fra-{mark}-1", f"fra-{mark}-2"
        for key in ("host", "user"):
            subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f",
                            self.folder / f"{key}_key"], check=True)
        host_key = (self.folder / "host_key.pub").read_text()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.ssh_port} {host_key}")
        (self.folder / "sshd_config").write_text(f"""
ListenAddress 127.0.0.1:{self.ssh_port}
HostKey {self.folder}/host_key
AuthorizedKeysFile {self.folder}/user_key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
""")
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)  # Where sshd goes to before it knows who asks.
        self.sshd = subprocess.Popen([program("sshd"), "-D", "-e", "-f", self.folder / "sshd_config"],
                                     stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self._end_group, self.sshd)
        wait_for(lambda: support.can_connect(self.ssh_port))

    def hosts(self, *hosts, key="user_key"):
        path = self.folder / "hosts.yaml"
        options = ["-F", "/dev/null", "-i", str(self.folder / key), "-o",
                   f"UserKnownHostsFile={self.folder}/known_hosts", "-o", "StrictHostKeyChecking=yes"]
        path.write_text(f"ssh: {options}\nhosts:\n" + "".join(
            f"  {name}: {{address: 127.0.0.1, port: {self.ssh_port}, user: {getpass.getuser()},"
            f" squall: {support.SQUALL}{more}}}\n" for name, more in hosts))
        return path

    def agent_there(self, name):
        """The process of the agent itself, not the ssh that started it, nor a shell."""
        found = [pid for pid in processes_with(f"agent --placed --join unix:/tmp/squall-{name}-")
                 if os.path.samefile(f"/proc/{pid}/exe", support.SQUALL)]
        return found[0] if len(found) == 1 else None

    def load(self, seconds):
        self.start("target", "--listen", f"127.0.0.1:{self.target_port}")
        return self.scenario(f"""
squall: 1
name: placed
targets:
  edge: {{url: "http://127.0.0.1:{self.target_port}", protocol: h1, connections: 4, timeout: 500ms}}
load:
  browse:
    target: edge
    open: {{stages: [{{rate: 100/s, for: {seconds}s}}]}}
    requests: [{{get: /}}]
objectives:
  available: {{load: browse, good: status < 500, goal: 99%}}
""")

    def left_behind(self):
        return [found for name in (self.first, self.second) for found in
                (*processes_with(f"unix:/tmp/squall-{name}"), *pathlib.Path("/tmp").glob(f"squall-{name}-*.sock"))]

    def test_starts_them_and_takes_them_away_again(self):
        hosts = self.hosts((self.first, ", labels: {zone: fra}"), (self.second, ", labels: {zone: ams}"))
        run = self.run_scenario(self.load(2), "--place", f"ssh:{hosts}")
        self.assertEqual(run.code, 0, run.said())
        agents = run.results["agents"]
        self.assertEqual({name: agent["labels"] for name, agent in agents.items()},
                         {self.first: {"zone": "fra"}, self.second: {"zone": "ams"}})
        self.assertEqual({agent["state"] for agent in agents.values()}, {"done"})
        self.assertEqual(run.results["load"]["browse"]["due"], 200)
        self.assert_adds_up(run.results["load"]["browse"])
        self.assertEqual(self.left_behind(), [])

    def test_says_what_ssh_says_when_a_host_cannot_be_had(self):
        scenario = self.load(2)
        (self.folder / "other_key").write_text((self.folder / "host_key").read_text())
        (self.folder / "other_key").chmod(0o600)
        began = time.monotonic()
        run = self.run_scenario(scenario, "--place", f"ssh:{self.hosts((self.first, ''), key='other_key')}")
        self.assertEqual(run.code, 7, run.said())
        self.assertIn(f"{self.first} did not join: its ssh exited with status 255", run.stdout)
        self.assertIn("Permission denied", run.stderr)
        self.assertLess(time.monotonic() - began, 10)

    def test_says_when_squall_is_not_there(self):
        hosts = self.hosts((self.first, ""))
        hosts.write_text(hosts.read_text().replace(support.SQUALL, "/no/such/squall"))
        run = self.run_scenario(self.load(2), "--place", f"ssh:{hosts}")
        self.assertEqual(run.code, 7, run.said())
        self.assertIn(f"{self.first} did not join: its ssh exited with status 127", run.stdout)

    def test_a_policy_there_binds_what_is_started(self):
        policy = self.folder / "policy.yaml"
        policy.write_text("load: {to: [10.0.0.0/8]}\n")
        run = self.run_scenario(self.load(2), "--place", f"ssh:{self.hosts((self.first, f', policy: {policy}'))}")
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("127.0.0.1", run.stdout)
        self.assertEqual(run.results["load"]["browse"]["sent"], 0)

    def test_what_is_started_without_a_policy_hurts_nobody(self):
        scenario = self.load(2)
        scenario.write_text(scenario.read_text() + """faults:
  busy: {at: 1s, for: 1s, on: {agents: {zone: fra}}, cpu: {share: 10%, workers: 1}}
""")
        run = self.run_scenario(scenario, "--place", f"ssh:{self.hosts((self.first, ', labels: {zone: fra}'))}")
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("policy", run.stdout)
        self.assertEqual(run.results["load"]["browse"]["sent"], 0)

    def test_a_coordinator_that_dies_leaves_nobody_behind(self):
        process = self.start("run", self.load(30), "--out", self.folder / "out", "--quiet", "--place",
                             f"ssh:{self.hosts((self.first, ''))}")
        wait_for(lambda: processes_with(f"unix:/tmp/squall-{self.first}"))
        time.sleep(1.5)
        process.send_signal(signal.SIGKILL)
        wait_for(lambda: not self.left_behind(), within=15)

    def test_the_share_of_one_that_is_killed_is_taken_up_at_once_as_its_ssh_tells(self):
        scenario = self.load(8)
        scenario.write_text(scenario.read_text() + "agents: {lost: continue}\n")  # The lease is 5 s.
        run = self.start("run", scenario, "--out", self.folder / "out", "--quiet", "--place",
                         f"ssh:{self.hosts((self.first, ''), (self.second, ''))}")
        wait_for(lambda: self.agent_there(self.first) and self.agent_there(self.second), within=20)
        results = support.Run(0, "", "", self.folder / "out")
        wait_for(lambda: "no open load" in self.squall("ctl", self.folder / "out", "rate", "none", "1/s").stderr, within=20)
        time.sleep(1)
        self.assertEqual(processes_with(f"witness {self.second} "), [])  # It needs none.
        os.kill(self.agent_there(self.second), signal.SIGKILL)
        killed = time.time()
        said = run.communicate(timeout=60)
        events = [event for event in results.results["events"] if event["kind"] in ("agent.lost", "load.taken_up")]
        self.assertEqual([(event["kind"], event["subject"]) for event in events],
                         [("agent.lost", self.second), ("load.taken_up", "browse")], said)
        self.assertEqual(events[0]["detail"], "its process has ended: its ssh exited with status 137")
        started = datetime.datetime.fromisoformat(results.results["started"].replace("Z", "+00:00")).timestamp()
        taken_up = started + float(events[1]["detail"].rsplit("from ", 1)[1].split()[0]) - killed
        print(f"taken up {taken_up:.2f} s after it was killed")
        self.assertLess(taken_up, 3.5)
        wait_for(lambda: not self.left_behind(), within=15)

    def test_a_wrong_file_of_hosts_ends_with_2(self):
        hosts = self.hosts((self.first, ", prot: 22"))
        for place, said in ((f"ssh:{hosts}", "hosts.yaml:3:"), ("ssh:/no/such", "read /no/such"),
                            ("k8s:x", "expected ssh:FILE")):
            done = self.squall("run", self.scenario("squall: 1\n"), "--place", place)
            self.assertEqual(done.returncode, 2, done.stderr)
        run = self.run_scenario(self.load(1), "--place", f"ssh:{hosts}")
        self.assertEqual(run.code, 2, run.said())
        self.assertIn("hosts.yaml:3:", run.stderr)
        self.assertIn("unknown key 'prot'", run.stderr)


if __name__ == "__main__":
    unittest.main()
