"""Bad input starts nothing, loses nothing, and says what to do."""
import datetime
import http.server
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import unittest

from support import SquallTest, free_port, wait_for


GOOD = """
squall: 1
name: nothing-there
targets:
  web: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 3, timeout: 1s}}
load:
  steady: {{target: web, open: {{stages: [{{rate: 200/s, for: 2s}}]}}, requests: [{{get: /}}]}}
"""


def opened_for_a_reader(pipe):
    """A descriptor that could write; None while nobody would read."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


class BadInput(SquallTest):
    def test_every_mistake_is_told_with_its_place_and_exit_code_2(self):
        path = self.scenario("""squall: 1
name: bad
targets:
  web: {url: "http://127.0.0.1:1", protocol: h2c}
load:
  steady: {target: webb, open: {stagse: [{rate: 100, for: 2s}]}, requests: [{get: /}]}
""")
        run = self.run_scenario(path)
        self.assertEqual(run.code, 2, run.said())
        self.assertIn(f"{path}:6:20: ", run.stderr)
        self.assertIn("did you mean 'web'?", run.stderr)
        self.assertIn("did you mean 'stages'?", run.stderr)
        self.assertFalse(run.out.exists())

    def test_faults_that_cannot_stand_beside_each_other_are_told_with_their_place(self):
        path = self.scenario(GOOD.format(port=1) + """faults:
  twice: {at: 0s, for: 2s, network: {interface: lo, to: {port: 1}, duplicate: 10%}}
  late: {at: 1s, for: 1s, network: {interface: lo, to: {port: 2}, delay: 10ms}}
""")
        line = path.read_text().splitlines().index("faults:") + 3
        for command in ("validate", "plan", "run"):
            done = self.squall(command, path)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"{path}:{line}:3: fault late: it begins at 1 s, when twice is still", done.stderr)
            self.assertNotIn("Invalid argument", done.stderr)

    def test_processes_that_are_not_there_yet_are_told_of_before_the_load(self):
        port = free_port()
        path = self.scenario(GOOD.format(port=port) + """services:
  web:
    command: ["${squall}", target, --listen, "127.0.0.1:%d", --protocol, h2c]
    ready: {url: "http://127.0.0.1:%d/.squall/health", within: 10s}
faults:
  nobody: {at: 1s, for: 500ms, process: {signal: STOP, match: {name: squall-nobody}}}
  nowhere: {at: 1s, process: {signal: KILL, match: {pid_file: /nonexistent/squall.pid}}}
""" % (port, port))
        out = self.folder / "out"
        done = self.squall("run", path, "--out", out)
        self.assertEqual(done.returncode, 7, done.stderr)
        said = "fault nobody: nothing matches process name 'squall-nobody', as of now; it is looked for again"
        self.assertIn(said, done.stderr)
        results = json.loads((out / "results.json").read_text())
        warnings = "\n".join(results["warnings"])
        self.assertIn(said, warnings)
        self.assertIn("fault nowhere: ", warnings)
        self.assertIn("/nonexistent/squall.pid", warnings)
        told = [event["at_s"] for event in results["events"] if event["kind"] == "warning"]
        self.assertLessEqual(told[0], 0, "before the load")
        self.assertEqual(results["faults"]["nobody"]["state"], "failed")

    def test_what_is_not_supported_yet_is_refused_not_ignored(self):
        run = self.run_scenario(
            self.scenario(GOOD.format(port=1) + "faults: {hot: {at: 0s, for: 1s, pulse: {on: 200ms, off: 300ms}, "
                                                "cpu: {share: 50%, workers: 1}}}\n"))
        self.assertEqual(run.code, 2, run.said())
        self.assertIn("not supported yet", run.stderr)
        self.assertFalse(run.out.exists())

    def test_a_run_outside_of_its_windows_is_refused_with_the_next_time(self):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        closed = f"{today}..{today + datetime.timedelta(days=2)}"
        path = self.scenario(GOOD.format(port=1) + f"safety: {{windows: {{except: [{closed}]}}}}\n")
        run = self.run_scenario(path)
        self.assertEqual(run.code, 2, run.said())
        self.assertIn("when safety.windows are closed; it may begin at ", run.stderr)
        self.assertIn(f"{today + datetime.timedelta(days=3)} 00:00 UTC", run.stderr)
        self.assertFalse(run.out.exists())
        planned = self.squall("plan", str(path))
        self.assertEqual(planned.returncode, 0, planned.stderr)
        self.assertIn("now the run would be refused: it is ", planned.stdout)

    def test_a_plan_refuses_the_fault_that_a_run_would_in_the_same_words(self):
        kernel_thread = next((stat.parent.name for stat in pathlib.Path("/proc").glob("[0-9]*/stat")
                              if stat.read_text().rsplit(")", 1)[1].split()[1] == "2"), None)
        faults = {
            "process: {signal: KILL, match: {pid: 1}}": "pid 1 is the first process",
            "for: 1s, process: {action: hang, match: {pid: 1}}": "pid 1 is the first process",
            "for: 1s, descriptors: {count: 5, of: {pid: 1}}": "pid 1 is the first process",
            "for: 1s, memory: {size: 1000000GiB}": "are asked for",
            "for: 1s, network: {interface: lo, partition: true, namespace_of: {pid: 1}}": "pid 1 is the first",
            "for: 1s, network: {interface: lo, partition: true, to: {port: 22}}": "port 22 is SSH's",
            "for: 1s, network: {interface: lo, partition: true, to: {cidr: 169.254.169.254}}": "protected",
            "for: 1s, network: {interface: lo, delay: 9s, jitter: 3s}": "netem's jitter is 2 s at most",
        }
        if kernel_thread:
            faults["process: {signal: STOP, match: {pid: %s}}, for: 1s" % kernel_thread] = "a kernel thread"
        for fault, why in faults.items():
            with self.subTest(fault=fault):
                path = self.scenario(GOOD.format(port=1) + "faults: {f: {at: 1s, %s}}\n" % fault)
                planned = self.squall("plan", path)
                run = self.run_scenario(path)
                self.assertEqual((planned.returncode, run.code), (2, 2), planned.stdout + run.said())
                self.assertIn(why, planned.stderr)
                self.assertEqual(planned.stderr, run.stderr)
                self.assertFalse(run.out.exists())
                plan_as_data = self.squall("plan", path, "--json")
                self.assertEqual((plan_as_data.returncode, plan_as_data.stderr), (2, run.stderr))

    def test_a_plan_for_agents_elsewhere_is_no_refusal_of_this_machine(self):
        fault = "{at: 1s, on: {agents: {role: far}}, process: {signal: KILL, match: {pid: 1}}}"
        planned = self.squall("plan", self.scenario(GOOD.format(port=1) + "faults: {f: %s}\n" % fault))
        self.assertEqual(planned.returncode, 0, planned.stderr)

    def test_a_file_that_is_not_there_is_named(self):
        run = self.run_scenario(self.folder / "nowhere.yaml")
        self.assertEqual(run.code, 2, run.said())
        self.assertIn("nowhere.yaml", run.stderr)

    def test_what_is_waited_for_before_anything_starts_is_given_up_when_told(self):
        pipe = self.folder / "scenario.yaml"
        os.mkfifo(pipe)  # As of a shell's <(...) that never writes.
        for command in ("run", "plan", "validate", "spof"):
            for told in (signal.SIGINT, signal.SIGTERM):
                waiting = self.start(command, pipe)
                other_end = wait_for(lambda: opened_for_a_reader(pipe))
                waiting.send_signal(told)
                self.assertEqual(waiting.wait(10), -told, command)
                os.close(other_end)

    def test_an_unknown_option_is_a_usage_error(self):
        self.assertEqual(self.squall("run", "--no-such-option").returncode, 2)
        self.assertEqual(self.squall("no-such-command").returncode, 2)
        self.assertEqual(self.squall().returncode, 2)

    def test_help_is_there_for_each_command(self):
        for command in ("run", "plan", "validate", "agent", "target", "recover", "faults"):
            done = self.squall(command, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("--", done.stdout)

    def test_an_override_reaches_the_run_and_the_kept_scenario(self):
        done = self.squall("plan", self.scenario(GOOD.format(port=1)), "--json",
                           "--set", "load.steady.open.stages.0.rate=20/s")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("20", done.stdout)
        bad = self.squall("plan", self.scenario(GOOD.format(port=1)), "--set", "load.stedy.open=1")
        self.assertEqual(bad.returncode, 2)
        self.assertIn("steady", bad.stderr)

    def test_a_port_with_nothing_behind_it_ends_with_a_clear_verdict(self):
        begin = time.monotonic()
        run = self.run_scenario(self.scenario(GOOD.format(port=free_port())))
        self.assertLess(time.monotonic() - begin, 15)
        self.assertEqual(run.code, 1, run.said())
        load = run.results["load"]["steady"]
        self.assert_adds_up(load)
        self.assertEqual(load["due"], 400)
        self.assertEqual(load["errors"], {"connect": 400})
        self.assertIn("connect", run.stdout)

    def test_a_server_of_another_protocol_is_told_in_a_warning(self):
        class Old(http.server.BaseHTTPRequestHandler):
            def handle_one_request(self):
                self.rfile.readline()
                self.wfile.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                self.close_connection = True

        with http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Old) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            run = self.run_scenario(self.scenario(GOOD.format(port=server.server_address[1])))
            server.shutdown()
        self.assertEqual(run.code, 1, run.said())
        self.assertIn("protocol", run.results["load"]["steady"]["errors"])
        said = [one for one in run.results["warnings"] if "the server answers in HTTP/1, not HTTP/2" in one]
        self.assertEqual(len(said), 1, run.results["warnings"])

    def test_a_folder_that_holds_a_run_is_not_written_over(self):
        path = self.scenario(GOOD.format(port=free_port()).replace("for: 2s", "for: 1s"))
        first = self.run_scenario(path)
        self.assertEqual(first.code, 1, first.said())
        before = (first.out / "results.json").read_bytes()
        second = self.run_scenario(path)
        self.assertEqual(second.code, 2, second.said())
        self.assertIn("already holds a run", second.stderr)
        self.assertEqual((first.out / "results.json").read_bytes(), before)

    def refused(self, text, *words):
        """Both validate and run answer 2 with all `words`, and nothing is started."""
        path = self.scenario(text)
        checked = self.squall("validate", path)
        self.assertEqual(checked.returncode, 2, checked.stdout + checked.stderr)
        run = self.run_scenario(path)
        self.assertEqual(run.code, 2, run.said())
        self.assertFalse(run.out.exists())
        for word in words:
            self.assertIn(word, checked.stderr)
            self.assertIn(word, run.stderr)

    def with_rows(self, name, text):
        (self.folder / name).write_text(text)
        return (GOOD.format(port=1).replace("get: /", "get: '/${data.users.id}'")
                + f"data:\n  users: {{file: {name}, order: random}}\n")

    def test_a_table_that_cannot_be_read_is_refused_before_anything_starts(self):
        self.refused(self.with_rows("ragged.csv", "id,name\n1,a\n2\n"), "ragged.csv:3", "1 values for 2 columns")
        self.refused(self.with_rows("twice.csv", "id,id\n1,a\n"), "two columns are named 'id'")
        self.refused(self.with_rows("empty.csv", "id,name\n"), "no rows")
        self.refused(self.with_rows("rows.jsonl", '{"id": 1}\n{"nr": 2}\n'), "rows.jsonl:2", "no 'id'")

    def test_a_key_log_that_cannot_be_written_is_refused_before_anything_starts(self):
        self.environment["SSLKEYLOGFILE"] = "/no/such/folder/keys.log"
        path = self.scenario(GOOD.format(port=1).replace("http:", "https:").replace("h2c", "h2"))
        run = self.run_scenario(path)
        self.assertEqual(run.code, 2, run.said())
        self.assertIn("SSLKEYLOGFILE: /no/such/folder/keys.log: No such file or directory", run.stderr)
        self.assertFalse(run.out.exists())
        self.environment["SSLKEYLOGFILE"] = str(self.folder / "keys.log")
        self.assertEqual(self.squall("plan", path).returncode, 0)
        self.assertFalse((self.folder / "keys.log").exists(), "a plan touches nothing")

    def test_keys_and_certificates_that_do_not_fit_are_refused_before_anything_starts(self):
        for name in ("a", "b"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=x",
                            "-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.pem"],
                           check=True, capture_output=True)
        (self.folder / "no.pem").write_text("not a certificate\n")
        good = GOOD.format(port=1).replace("http:", "https:")
        self.refused(good.replace("h2c,", "h2, tls: {ca: no.pem},"), "no.pem")
        self.refused(good.replace("h2c,", "h2, tls: {cert: a.pem, key: b.key},"), "b.key")

    def test_a_replay_needs_keys_that_fit_too(self):
        (self.folder / "no.pem").write_text("not a certificate\n")
        (self.folder / "access.log").write_text('127.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n')
        self.refused("""squall: 1
name: replayed
targets: {web: {url: "https://127.0.0.1:1", protocol: h2, tls: {ca: no.pem}}}
load: {again: {target: web, replay: {file: access.log}}}
""", "no.pem")

    def test_a_hunt_for_single_points_of_failure_refuses_what_run_would(self):
        path = self.scenario(GOOD.format(port=1) + "services:\n  web: {command: [no-such-program]}\n")
        done = self.squall("spof", path, "--out", self.folder / "out")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("no-such-program", done.stderr)
        self.assertFalse((self.folder / "out").exists())

    def test_a_source_of_another_family_than_its_target_is_refused(self):
        self.refused(GOOD.format(port=1).replace("h2c,", "h2c, source: ['::1'],"), "source", "127.0.0.1")

    def test_a_program_that_is_not_there_is_refused_by_run_and_noted_by_validate(self):
        path = self.scenario(GOOD.format(port=1) + "services:\n  web: {command: [no-such-program, -x]}\n")
        checked = self.squall("validate", path)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertIn("no-such-program", checked.stdout)
        run = self.run_scenario(path)
        self.assertEqual(run.code, 2, run.said())
        self.assertIn("no-such-program", run.stderr)
        self.assertFalse(run.out.exists())


if __name__ == "__main__":
    unittest.main()
