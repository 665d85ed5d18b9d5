"""Faults of pressure in whole runs: they happen, they are measured, and nothing is left of them."""
import os
import pathlib
import resource
import signal
import subprocess
import unittest

from support import SQUALL, SquallTest, free_port, processes_with, wait_for


class Pressure(SquallTest):
    def scenario_with(self, faults, seconds=5):
        port = free_port()
        (self.folder / "data").mkdir(exist_ok=True)
        return self.scenario(f"""
squall: 1
name: pressure
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --protocol, h2c]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health", within: 10s}}
targets:
  web: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 1, timeout: 5s}}
load:
  steady: {{target: web, open: {{stages: [{{rate: 20/s, for: {seconds}s}}]}}, requests: [{{get: /}}]}}
faults:
{faults}
objectives:
  available: {{load: steady, good: status < 500, goal: 50%}}
""")

    def assert_nothing_left(self):
        mine = str(self.folder)
        wait_for(lambda: not processes_with(mine), within=5)
        self.assertEqual(list((self.folder / "data").iterdir()), [])
        self.assertEqual(list((self.folder / "state").rglob("journal-*")), [])

    def test_every_kind_is_measured_and_over_at_its_end(self):
        run = self.run_scenario(self.scenario_with("""
  hot: {at: 1s, for: 2s, cpu: {share: 30%, workers: 1}}
  heavy: {at: 1s, for: 2s, memory: {size: 32MiB}}
  busy: {at: 1s, for: 2s, io: {path: data, size: 1MiB}}
  full: {at: 1s, for: 2s, disk_fill: {path: data, size: 16MiB}}
  open-files: {at: 1s, for: 2s, descriptors: {count: 300}}
""", seconds=6))
        self.assertEqual(run.code, 0, run.said())
        seen = {}
        for name, fault in run.results["faults"].items():
            self.assertEqual(fault["state"], "undone", name)
            seen[name] = fault["verified"]["seen"]
        self.assertRegex(seen["hot"], r"^[0-9.]+ % of 1 core used")
        self.assertRegex(seen["heavy"], r"^holds 32 MiB \([0-9.]+ MiB more resident\)")
        self.assertRegex(seen["busy"], r"written to .*/data, each of [0-9]+ blocks waited for")
        self.assertRegex(seen["full"], r"^holds 16 MiB of .*/data, of which [0-9.]+ % is in use; "
                                       r"[0-9.]+ % after its end")
        self.assertRegex(seen["open-files"], r"^holds 300 files open \(3[0-9][0-9] in /proc/self/fd")
        self.assert_nothing_left()

    def test_what_it_could_not_get_is_ineffective(self):
        path = self.scenario_with("  many: {at: 1s, for: 1s, descriptors: {count: 5000}}")
        process = self.start_with_few_descriptors("run", path, "--out", self.folder / "out", "--quiet")
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5, stdout + stderr)
        self.assertIn("of 5000 files: a process may have 1024", stdout + stderr)
        self.assert_nothing_left()

    def start_with_few_descriptors(self, *arguments):
        """A hard limit, so that not many files are opened for a test."""
        process = subprocess.Popen(
            [SQUALL, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self.environment, cwd=self.folder, start_new_session=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)))
        self.addCleanup(self._end, process)
        return process

    def test_more_than_there_is_on_the_machine_is_refused_before_anything_is_started(self):
        for fault, why in (("memory: {size: 100TiB}", "100 TiB of memory are asked for, and the machine has"),
                           ("disk_fill: {path: data, size: 9999TiB}", "the file system of")):
            run = self.run_scenario(self.scenario_with(f"  much: {{at: 1s, for: 1s, {fault}}}"))
            self.assertEqual(run.code, 2, run.said())
            self.assertIn("fault much: ", run.stderr)
            self.assertIn(why, run.stderr)
            self.assertFalse(run.out.exists())

    def test_a_folder_that_is_not_there_ends_the_run_before_its_load(self):
        run = self.run_scenario(self.scenario_with(
            "  full: {at: 1s, for: 1s, disk_fill: {path: nowhere, size: 1MiB}}"))
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("fault full: make a file in", run.stderr + run.stdout)
        self.assert_nothing_left()

    def test_a_cgroup_that_is_not_there_ends_the_run_before_its_load(self):
        run = self.run_scenario(self.scenario_with(
            "  hot: {at: 1s, for: 1s, cpu: {share: 5%, workers: 1, cgroup: squall/no/such}}"))
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("fault hot: cgroup squall/no/such", run.stderr + run.stdout)

    def test_it_ends_when_all_of_the_run_is_killed(self):
        path = self.scenario_with(
            "  full: {at: 1s, for: 50s, disk_fill: {path: data, size: 8MiB}}", seconds=60)
        process = self.start("run", path, "--out", self.folder / "out", "--quiet")
        mark = f"path={self.folder}/data"
        pressing = wait_for(lambda: processes_with(mark))
        self.assertEqual(len(pressing), 1)
        listed = self.squall("faults")
        self.assertIn("full: pressure on disk_fill by process", listed.stdout)
        agent = int(pathlib.Path(f"/proc/{pressing[0]}/stat").read_text().rsplit(")", 1)[1].split()[1])
        for pid in (process.pid, agent):
            try:
                signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for(lambda: not processes_with(mark), within=3)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
