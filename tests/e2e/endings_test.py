"""However a run ends: load stops, faults are undone, services are gone, the report is written."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from support import SQUALL, SquallTest, can_connect, free_port, processes_with, stat_of, wait_for


class Endings(SquallTest):
    def long_scenario(self, port, fault="{signal: STOP, match: {service: web}}"):
        return self.scenario(f"""
squall: 1
name: long
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --protocol, h2c]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health", within: 10s}}
targets:
  web: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 2, timeout: 1s}}
load:
  steady: {{target: web, open: {{stages: [{{rate: 100/s, for: 60s}}]}}, requests: [{{get: /}}]}}
faults:
  frozen: {{at: 1s, for: 50s, process: {fault}}}
""")

    def test_a_fault_excuses_the_end_of_none_but_what_it_hit(self):
        port = free_port()
        path = self.scenario(f"""
squall: 1
name: bystander
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --protocol, h2c]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health", within: 10s}}
  victim: {{command: [sleep, "60"]}}
  bystander: {{command: [sh, -c, "sleep 2; exit 3"]}}
targets:
  web: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 1, timeout: 1s}}
load:
  steady: {{target: web, open: {{stages: [{{rate: 20/s, for: 4s}}]}}, requests: [{{get: /}}]}}
faults:
  killed: {{at: 500ms, process: {{signal: KILL, match: {{service: victim}}}}}}
""")
        done = self.squall("run", path, "--out", self.folder / "out", "--quiet")
        self.assertEqual(done.returncode, 7, done.stdout + done.stderr)
        reasons = json.loads((self.folder / "out" / "results.json").read_text())["reasons"]
        self.assertIn("service bystander.1 ended although no fault was directed at it", reasons[0])
        self.assertFalse([reason for reason in reasons if "victim" in reason], reasons)

    def test_nothing_more_is_broken_once_the_reaper_has_gone(self):
        port = free_port()
        path = self.scenario(self.long_scenario(port).read_text().replace("for: 60s", "for: 8s").replace(
            "frozen: {at: 1s, for: 50s,", "frozen: {at: 5s, for: 1s,"))
        process = self.start("run", path, "--out", self.folder / "out", "--quiet")
        reaper = wait_for(lambda: processes_with(f"--journal {self.folder}"))[0]
        wait_for(lambda: can_connect(port))
        os.kill(reaper, signal.SIGKILL)
        said = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 7, said)
        frozen = json.loads((self.folder / "out" / "results.json").read_text())["faults"]["frozen"]
        self.assertEqual(frozen["state"], "failed")
        self.assertIn(f"not applied: the reaper of this agent (pid {reaper}) has gone", json.dumps(frozen))

    def test_that_the_reaper_has_gone_is_told_at_once_though_no_fault_comes_any_more(self):
        port = free_port()
        path = self.scenario(self.long_scenario(port).read_text().replace("for: 60s", "for: 8s").replace(
            "frozen: {at: 1s, for: 50s,", "frozen: {at: 100ms, for: 200ms,"))
        process = self.start("run", path, "--out", self.folder / "out", "--quiet")
        reaper = wait_for(lambda: processes_with(f"--journal {self.folder}"))[0]
        wait_for(lambda: "fault.undone" in self.audited())
        os.kill(reaper, signal.SIGKILL)
        said = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 7, said)
        results = json.loads((self.folder / "out" / "results.json").read_text())
        gone = f"the reaper of this agent (pid {reaper}) has gone"
        self.assertIn(f"{gone}: what is in force is undone as long as this agent lives",
                      json.dumps(results["warnings"]))
        told = [event["at_s"] for event in results["events"]
                if event["kind"] == "warning" and gone in event["detail"]]
        self.assertLess(told[0], 7, "before the load was over")
        self.assertIn(gone, json.dumps(results["reasons"]))
        self.assertNotIn("Broken pipe", said + json.dumps(results))

    def audited(self):
        return "".join(file.read_text() for file in pathlib.Path(self.folder).rglob("audit.jsonl"))

    def start_frozen(self):
        """A run whose service is stopped by a fault: (process, the service's pid)."""
        self.port = free_port()
        process = self.start("run", self.long_scenario(self.port), "--out", self.folder / "out",
                             "--quiet")
        service = wait_for(lambda: processes_with(f"127.0.0.1:{self.port}"))[0]
        wait_for(lambda: (stat_of(service) or "?")[0] == "T")
        return process, service

    def assert_nothing_left(self, service):
        wait_for(lambda: stat_of(service) is None, within=8)
        wait_for(lambda: not processes_with(str(self.folder)), within=8)
        self.assertFalse(can_connect(self.port))
        wait_for(lambda: not list(pathlib.Path(self.folder / "state").rglob("*.journal*")), within=3)

    def assert_aborted(self, process):
        stdout, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 3, stdout + stderr)
        results = json.loads((self.folder / "out" / "results.json").read_text())
        self.assertEqual(results["verdict"], "aborted")
        self.assertEqual(results["faults"]["frozen"]["state"], "undone")
        self.assertTrue((self.folder / "out" / "report.html").exists())
        load = results["load"]["steady"]
        self.assert_adds_up(load)
        self.assertGreater(load["ok"], 50)

    def test_ctrl_c_once_undoes_the_fault_and_writes_the_report(self):
        process, service = self.start_frozen()
        process.send_signal(signal.SIGINT)
        self.assert_aborted(process)
        self.assert_nothing_left(service)

    def test_ctrl_c_twice_ends_at_once_and_still_undoes_the_fault(self):
        process, service = self.start_frozen()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        self.assert_aborted(process)
        self.assert_nothing_left(service)

    def test_a_coordinator_that_is_killed_leaves_nothing_behind(self):
        before = set(pathlib.Path(tempfile.gettempdir()).glob("squall-??????"))
        process, service = self.start_frozen()
        process.kill()
        self.assert_nothing_left(service)
        # But what its agent had measured.
        kept = wait_for(lambda: list((self.folder / "state" / "measured").glob("*.agent-1/results.json")))
        results = json.loads(kept[0].read_text())
        self.assertGreater(results["load"]["steady"]["ok"], 50)
        self.assertEqual(results["verdict"], "error")
        self.assertIn("the coordinator is gone", " ".join(results["reasons"]))
        wait_for(lambda: not set(pathlib.Path(tempfile.gettempdir()).glob("squall-??????")) - before)

    def test_an_agent_that_is_killed_leaves_nothing_behind(self):
        process, service = self.start_frozen()
        agents = [pid for pid in processes_with("agent --join")
                  if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1] ==
                  str(process.pid)]
        self.assertEqual(len(agents), 1)
        time.sleep(0.5)  # Until the coordinator has been told that the fault is in force.
        os.kill(agents[0], signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=40)
        self.assertEqual(process.returncode, 7, stdout + stderr)
        self.assertIn("agent-1 was lost", stdout + stderr)
        results = json.loads((self.folder / "out" / "results.json").read_text())
        self.assertEqual(results["faults"]["frozen"]["state"], "undone")
        self.assert_nothing_left(service)

    def test_a_coordinator_that_hangs_loses_its_lease(self):
        process, service = self.start_frozen()
        process.send_signal(signal.SIGSTOP)
        # The default lease is 5 s.
        wait_for(lambda: stat_of(service) is None, within=15)
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=40)
        self.assertIn(process.returncode, (3, 7))
        self.assert_nothing_left(service)

    def test_an_agent_that_hangs_does_not_keep_its_fault_in_force(self):
        process, service = self.start_frozen()
        agents = [pid for pid in processes_with("agent --join")
                  if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1] ==
                  str(process.pid)]
        os.kill(agents[0], signal.SIGSTOP)
        # The default lease is 5 s.
        wait_for(lambda: stat_of(service) is None, within=10)
        stdout, stderr = process.communicate(timeout=40)
        self.assertEqual(process.returncode, 7, stdout + stderr)
        self.assertIn("has not answered", stdout + stderr)
        self.assert_nothing_left(service)

    def test_a_restart_that_takes_its_time_delays_no_other_fault(self):
        port = free_port()
        run = self.run_scenario(self.scenario(f"""
squall: 1
name: slow-restart
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --protocol, h2c]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health", within: 10s}}
  stubborn:
    command: [/bin/sh, -c, "trap '' TERM; while :; do sleep 1; done"]
    stop_within: 3s
targets:
  web: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 2, timeout: 3s}}
load:
  steady: {{target: web, open: {{stages: [{{rate: 100/s, for: 5s}}]}}, requests: [{{get: /}}]}}
faults:
  roll: {{at: 500ms, process: {{action: restart, match: {{service: stubborn}}}}}}
  frozen: {{at: 1s, for: 1s, process: {{signal: STOP, match: {{service: web}}}}}}
"""))
        self.assertEqual(run.code, 0, run.said())
        faults = run.results["faults"]
        self.assertAlmostEqual(faults["frozen"]["actual"]["to_s"], 2, delta=0.2)
        self.assertEqual(faults["roll"]["state"], "done")

    def test_a_service_that_ends_by_itself_is_an_error_not_a_pass(self):
        port = free_port()
        run = self.run_scenario(self.scenario(f"""
squall: 1
name: ends-by-itself
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --protocol, h2c]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health", within: 10s}}
  fleeting:
    command: [/bin/sh, -c, "sleep 1; exit 3"]
targets:
  web: {{url: "http://127.0.0.1:{port}", protocol: h2c}}
load:
  steady: {{target: web, open: {{stages: [{{rate: 100/s, for: 2s}}]}}, requests: [{{get: /}}]}}
"""))
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("fleeting.1", run.stdout)
        self.assertIn("status 3", run.stdout)

    def test_ctrl_c_twice_leaves_no_request_unaccounted(self):
        port = free_port()
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", port))
            silent.listen(16)
            process = self.start("run", self.scenario(f"""
squall: 1
name: silent
targets:
  web: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 2, timeout: 8s}}
load:
  steady: {{target: web, open: {{stages: [{{rate: 20/s, for: 30s}}]}}, requests: [{{get: /}}]}}
"""), "--out", self.folder / "out", "--quiet")
            time.sleep(3)
            process.send_signal(signal.SIGINT)
            time.sleep(1)
            begin = time.monotonic()
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=30)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(process.returncode, 3, stdout + stderr)
        load = json.loads((self.folder / "out" / "results.json").read_text())["load"]["steady"]
        self.assert_adds_up(load)
        self.assertGreater(load["errors"]["timeout"], 10)

    def test_ctrl_c_while_services_start_is_an_abort_and_leaves_none(self):
        process = self.start("run", self.scenario("""
squall: 1
name: never-ready
services:
  web:
    command: [/bin/sleep, "86399"]
    ready: {url: "tcp://127.0.0.1:9", within: 4s}
targets:
  web: {url: "http://127.0.0.1:9", protocol: h2c}
load:
  steady: {target: web, open: {stages: [{rate: 100/s, for: 2s}]}, requests: [{get: /}]}
"""), "--out", self.folder / "out", "--quiet")
        wait_for(lambda: processes_with("sleep 86399"))
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 3, stdout + stderr)
        self.assertTrue((self.folder / "out" / "report.html").exists())
        wait_for(lambda: not processes_with("sleep 86399"))

    def test_what_is_in_force_is_listed_with_its_undo_and_whose_it_is(self):
        self.assertIn("nothing is in force", self.squall("faults").stdout)
        process, service = self.start_frozen()
        listed = json.loads(self.squall("faults", "--json").stdout)
        stop = [one for one in listed["in_force"] if "SIGSTOP" in one["change"]]
        self.assertEqual(len(stop), 1, listed)
        self.assertTrue(stop[0]["agent_lives"])
        self.assertEqual(stop[0]["undo"], f"let process {service} go on")
        self.assertIn(str(service), stop[0]["change"])
        self.assertIn("which will undo it", self.squall("faults").stdout)
        process.send_signal(signal.SIGINT)
        self.assert_aborted(process)
        self.assertIn("nothing is in force", self.squall("faults").stdout)

    def test_what_nohup_told_it_to_ignore_stays_ignored(self):
        process = subprocess.Popen(
            ["nohup", SQUALL, "run", self.long_scenario(free_port()), "--out", self.folder / "out",
             "--set", "load.steady.open.stages.0.for=3s", "--set", "faults.frozen.for=1s"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment,
            cwd=self.folder)
        self.addCleanup(self._end, process)
        time.sleep(2)
        process.send_signal(signal.SIGHUP)
        stdout, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, stdout + stderr)

    def test_a_fault_that_matches_nothing_is_an_error_not_a_pass(self):
        port = free_port()
        run = self.run_scenario(self.scenario(f"""
squall: 1
name: nothing-matches
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --protocol, h2c]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health", within: 10s}}
targets:
  web: {{url: "http://127.0.0.1:{port}", protocol: h2c}}
load:
  steady: {{target: web, open: {{stages: [{{rate: 100/s, for: 2s}}]}}, requests: [{{get: /}}]}}
faults:
  ghost: {{at: 1s, process: {{signal: KILL, match: {{name: no-such-name}}}}}}
"""))
        self.assertEqual(run.code, 7, run.said())
        self.assertEqual(run.results["faults"]["ghost"]["state"], "failed")
        self.assertIn("no-such-name", run.stdout)

    def test_a_service_that_does_not_start_is_named_with_its_last_words(self):
        run = self.run_scenario(self.scenario("""
squall: 1
name: no-start
services:
  web:
    command: [/bin/sh, -c, "echo the disk is on fire >&2; exit 3"]
    ready: {url: "tcp://127.0.0.1:9", within: 5s}
targets:
  web: {url: "http://127.0.0.1:9", protocol: h2c}
load:
  steady: {target: web, open: {stages: [{rate: 100/s, for: 2s}]}, requests: [{get: /}]}
"""))
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("the disk is on fire", run.stdout + run.stderr)
        self.assertIn("status 3", run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main()
