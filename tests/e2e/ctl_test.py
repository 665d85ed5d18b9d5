"""squall ctl changes the rate of a run that goes on; what is wrong with an order is told."""
import json
import time
import unittest

from support import SquallTest, free_port, wait_for


class Ctl(SquallTest):
    def start_run(self, seconds, extra=""):
        port = free_port()
        path = self.scenario(f"""
squall: 1
name: ctl
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}"]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health", within: 10s}}
targets:
  edge: {{url: "http://127.0.0.1:{port}", protocol: h1, connections: 4}}
load:
  browse:
    target: edge
    open: {{stages: [{{rate: 50/s, for: {seconds}s}}]}}
    requests: [{{get: /}}]
{extra}
""")
        self.out = self.folder / "out"
        run = self.start("run", path, "--out", self.out, "--quiet", "--agents", "2", "--shards", "2")
        wait_for(lambda: (self.out / "running").exists())
        return run

    def order(self, *words):
        return self.squall("ctl", self.out, *words)

    def test_changes_the_rate_and_holds_the_load(self):
        run = self.start_run(12)
        wait_for(lambda: self.order("rate", "browse", "150/s").returncode == 0)
        time.sleep(2)
        for words, said in ((("rate", "other", "5/s"), "load other: there is no open load of this name"),
                            (("rate", "browse", "5"), "expected a rate"), (("faster",), "expected rate LOAD RATE"),
                            (("resume",), "it is not paused"), (("pause", "now"), "pause stands alone: what is 'now'?"),
                            (("stop", "now"), "stop stands alone: what is 'now'?")):
            done = self.order(*words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)
            self.assertEqual("or stop" in done.stderr, words == ("faster",), done.stderr)
        paused = self.order("pause")
        self.assertEqual(paused.returncode, 0, paused.stderr)
        again = self.order("pause")
        self.assertEqual((again.returncode, "it is paused already" in again.stderr), (2, True), again.stderr)
        time.sleep(2)
        resumed = self.order("resume")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual(self.order("resume").returncode, 2)
        stdout, stderr = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0, stdout + stderr)
        results = json.loads((self.out / "results.json").read_text())
        browse = results["load"]["browse"]
        self.assert_adds_up(browse)
        due = browse["series"]["due"]
        self.assertIn(150, due)
        self.assertIn(0, due)
        self.assertEqual(due[11], 150)
        changed = [event["detail"].split(",")[0] for event in results["events"] if event["kind"] == "run.changed"]
        self.assertEqual(changed, ["rate browse 150/s", "pause", "resume"])
        done = self.order("pause")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no run is going on", done.stderr)

    def test_stops_a_fault_and_those_to_come_of_its_name(self):
        freeze = "process: {signal: STOP, match: {service: web}}"
        run = self.start_run(9, f"""
faults:
  frozen: {{every: 3s, for: 2.8s, {freeze}}}
  late: {{at: 8.9s, for: 50ms, {freeze}}}
""")
        wait_for(lambda: "begins at 8.9 s" in self.order("fault", "stop", "late").stderr)
        refused = self.order("fault", "stop", "frosen")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("fault frosen: the scenario has none of this name, did you mean 'frozen'?", refused.stderr)

        def stops():
            refused = self.order("fault", "stop", "frozen")
            self.assertIn(refused.returncode, (0, 2))
            return refused.returncode == 0
        wait_for(stops)
        again = self.order("fault", "stop", "frozen")
        self.assertEqual(again.returncode, 2)
        self.assertIn("fault frozen: an operator has stopped it already", again.stderr)
        stdout, stderr = run.communicate(timeout=60)
        results = json.loads((self.out / "results.json").read_text())
        first, second = results["faults"]["frozen"], results["faults"]["frozen#2"]
        self.assertEqual((first["state"], first["stopped_by"]), ("undone", "operator"), stdout + stderr)
        self.assertLess(first["actual"]["to_s"], first["planned"]["to_s"])
        self.assertEqual((second["state"], second["stopped_by"]), ("planned", "operator"))
        self.assertEqual(run.returncode, 0, stdout + stderr)
        said = {(event["kind"], event["subject"]): event["detail"] for event in results["events"]}
        self.assertEqual(said["run.changed", "frozen"], "fault stop frozen")
        self.assertIn("stopped by the operator", said["fault.undone", "frozen"])
        self.assert_adds_up(results["load"]["browse"])

    def test_stops_a_run(self):
        run = self.start_run(30)
        wait_for(lambda: self.order("rate", "browse", "20/s").returncode == 0)
        self.assertEqual(self.order("stop").returncode, 0)
        run.communicate(timeout=30)
        self.assertEqual(run.returncode, 3)


if __name__ == "__main__":
    unittest.main()
