"""Who was slow, the generator or the server? The verdict must not mistake one for the other.

A generator that gets a tenth of a core makes the run invalid, whatever the objectives say; a server
that stands still is the server's failure.
"""
import os
import pathlib
import subprocess
import unittest

from support import Run, SquallTest, free_port, nginx_conf, program, wait_for

CPU = pathlib.Path("/sys/fs/cgroup/cpu")       # Version 1,
UNIFIED = pathlib.Path("/sys/fs/cgroup")       # or 2, where it hands the controller down.


def children_of(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def agent_of(run):
    """The agent's process, once it is there."""
    for child in children_of(run.pid):
        line = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if b"agent" in line:
            return child
    return None


def tenth_of_a_core():
    """A new cgroup with a tenth of a core, or None where none can be made."""
    for root, limit, text in ((CPU, "cpu.cfs_quota_us", "10000"),
                              (UNIFIED, "cpu.max", "10000 100000")):
        group = root / f"squall-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(text)
            return group
        except OSError:
            group.rmdir()
    return None


class Generator(SquallTest):
    def starve(self, pid):
        """Gives the process a tenth of a core, until the test ends."""
        group = tenth_of_a_core()
        if group:
            self.addCleanup(group.rmdir)
            self.addCleanup(lambda: self.empty(group))
            (group / "cgroup.procs").write_text(str(pid))
            return
        core = min(os.sched_getaffinity(0))
        for task in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(task), {core})
        for _ in range(9):
            hog = subprocess.Popen(["nice", "-n", "-10", "sh", "-c", "while :; do :; done"])
            os.sched_setaffinity(hog.pid, {core})
            self.addCleanup(hog.wait)
            self.addCleanup(hog.kill)

    @staticmethod
    def empty(group):
        """Moves what is still in the group back to where it came from."""
        def is_empty():
            for pid in (group / "cgroup.procs").read_text().split():
                try:
                    (group.parent / "cgroup.procs").write_text(pid)
                except ProcessLookupError:
                    pass
            return not (group / "cgroup.procs").read_text()
        wait_for(is_empty)

    def run_starved(self, connections, streams, promise="within: 1ms, goal: 100%", more=""):
        port = free_port()
        log = self.start_nginx(port)
        run = self.start("run", self.scenario(f"""
squall: 1
name: starved
targets:
  web: {{url: "http://127.0.0.1:{port + 1}", protocol: h2c, connections: {connections},
        streams: {streams}}}
load:
  steady:
    target: web
    open: {{stages: [{{rate: 8000/s, for: 8s}}]}}
    requests: [{{get: /index.html}}]
objectives:
  fast: {{load: steady, {promise}}}
{more}"""), "--out", self.folder / "out")
        agent = wait_for(lambda: run.poll() is not None or agent_of(run))
        wait_for(lambda: run.poll() is not None or log.exists() and log.stat().st_size > 0,
                 within=30)
        self.assertIsNone(run.poll(), run.poll() is not None and run.communicate())
        self.starve(agent)
        stdout, stderr = run.communicate(timeout=120)
        return Run(run.returncode, stdout, stderr, self.folder / "out")

    def assert_blames_the_generator(self, run):
        self.assertEqual(run.code, 4, run.said())
        results = run.results
        self.assertEqual(results["verdict"], "invalid")
        self.assertFalse(results["objectives"]["fast"]["met"])  # And yet it is no failure.
        self.assertIn("steady: the generator was the bottleneck", results["reasons"][0])
        self.assertIn("ready to run and not let", results["reasons"][0])
        self.assert_adds_up(results["load"]["steady"])
        # It was said while there was time to do something about it.
        self.assertIn("warning: the generator is the bottleneck: steady waits", run.stderr)
        (agent,) = results["agents"].values()
        health = agent["health"]
        self.assertTrue(all(len(column) == len(health["t_s"]) for column in health.values()))
        if os.path.exists("/proc/self/schedstat"):
            self.assertGreater(max(filter(None, health["descheduled_ms"])), 300, health)

    def test_starved_with_streams_to_spare_makes_the_run_invalid(self):
        self.assert_blames_the_generator(self.run_starved(connections=10, streams=100))

    def test_a_search_with_a_starved_generator_names_no_capacity(self):
        run = self.run_starved(
            connections=10, streams=100, promise="within: 500ms, goal: 90%",
            more="capacity: {search: steady, within: 4000/s .. 16000/s, hold: 5s, deadline: 60s}\n")
        self.assertEqual(run.code, 4, run.said())
        self.assertEqual(run.results["verdict"], "invalid")
        self.assertEqual(run.results["capacity"]["end"], "generator")
        self.assertIn("the generator is the limit at", " ".join(run.results["reasons"]))
        self.assertIn("generator", [p["answer"] for p in run.results["capacity"]["probes"]])

    def test_starved_with_few_streams_makes_the_run_invalid_too(self):
        """The streams are all taken, but by answers that the generator has not read."""
        self.assert_blames_the_generator(self.run_starved(connections=1, streams=4))

    def test_a_server_that_stands_still_is_a_failure_of_the_server(self):
        port = free_port()
        folder = self.folder / "nginx"
        conf = nginx_conf(folder, port)
        run = self.run_scenario(self.scenario(f"""
squall: 1
name: standstill
services:
  web:
    command: ["{program('nginx')}", -e, stderr, -c, "{conf}"]
    ready: {{url: "http://127.0.0.1:{port + 1}/index.html", within: 10s}}
targets:
  web: {{url: "http://127.0.0.1:{port + 1}", protocol: h2c, connections: 1, streams: 4}}
load:
  steady:
    target: web
    open: {{stages: [{{rate: 500/s, for: 6s}}]}}
    requests: [{{get: /index.html}}]
faults:
  standstill: {{at: 2s, for: 1s, process: {{signal: STOP, match: {{service: web}}}}}}
objectives:
  fast: {{load: steady, within: 250ms, goal: 99%}}
"""))
        self.assertEqual(run.code, 1, run.said())
        results = run.results
        self.assertEqual(results["verdict"], "fail")
        self.assertNotIn("generator", " ".join(results["reasons"]))
        latency = results["load"]["steady"]["latency_ms"]
        self.assertGreater(latency["response"]["max"], 900)
        self.assertLess(latency["lateness"]["p99"], 50)


if __name__ == "__main__":
    unittest.main()
