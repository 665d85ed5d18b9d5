"""squall spof: two backends behind a real haproxy. One can go; the proxy cannot."""
import json
import unittest

from support import SquallTest, free_port, processes_with, program, wait_for


class SinglePoints(SquallTest):
    def two_behind_a_proxy(self):
        self.base = free_port()
        ports = (self.base, self.base + 1)
        self.front = free_port()
        servers = "\n".join(f"  server web{i} 127.0.0.1:{port} check inter 200ms fall 2 rise 1"
                            for i, port in enumerate(ports, 1))
        (self.folder / "haproxy.cfg").write_text(f"""
defaults
  mode http
  timeout connect 300ms
  timeout client 5s
  timeout server 400ms
  timeout check 200ms
  retries 2
  option redispatch 1
  retry-on all-retryable-errors
frontend in
  bind 127.0.0.1:{self.front}
  default_backend web
backend web
  option httpchk GET /.squall/health
{servers}
""")
        return self.scenario(f"""
squall: 1
name: two-behind-one
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:${{port({self.base})}}", --protocol, "h1,h2c"]
    count: 2
    ready: {{url: "http://127.0.0.1:${{port({self.base})}}/.squall/health", within: 10s}}
  proxy:
    command: [{program("haproxy")}, -db, -f, "{self.folder}/haproxy.cfg"]
    ready: {{url: "tcp://127.0.0.1:{self.front}", within: 10s}}
domains:
  both: [web.1, web.2]
targets:
  front: {{url: "http://127.0.0.1:{self.front}", protocol: h1, connections: 100, timeout: 1s}}
load:
  browse: {{target: front, open: {{stages: [{{rate: 50/s, for: 15s}}]}}, requests: [{{get: /}}]}}
faults:
  unrelated: {{at: 1s, for: 1s, process: {{signal: STOP, match: {{service: proxy}}}}}}
objectives:
  available: {{load: browse, good: status < 500, goal: 90%}}
  recovers: {{load: browse, within: 1s, goal: 90%, after: unrelated, by: 1s}}
""")

    def hunt(self, *arguments):
        path = self.two_behind_a_proxy()
        for attempt in range(3):
            out = self.folder / f"out-{attempt}"
            done = self.squall("spof", path, "--out", out, "--quiet", "--at", "5s", *arguments,
                               within=200)
            if done.returncode != 4:  # On a busy machine the generator may be the bottleneck.
                break
        self.assertTrue((out / "spof.json").exists(), done.stderr)
        found = json.loads((out / "spof.json").read_text())
        self.assertEqual([], processes_with(f"127.0.0.1:{self.base}"))
        self.assertEqual([], processes_with(str(self.folder / "haproxy.cfg")))
        return done, found, {thing["name"]: thing for thing in found["things"]}, out

    def test_the_proxy_is_one_and_a_backend_is_not(self):
        done, found, things, out = self.hunt("--for", "5s", "--only", "web.1", "--only", "proxy",
                                             "--only", "both")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(things["web.1"]["outcome"], "survived", things["web.1"])
        self.assertEqual(things["proxy"]["outcome"], "single point", things["proxy"])
        self.assertEqual(things["both"]["outcome"], "single point", things["both"])
        self.assertEqual(things["both"]["kind"], "fault domain")
        self.assertEqual(sorted(found["single_points"]), ["both", "proxy"])
        self.assertEqual(found["things"][-1]["name"], "web.1", "what was survived comes last")
        self.assertGreater(things["proxy"]["depth"]["error_share"], 0.3)
        self.assertGreater(things["proxy"]["budget_spent"], 4)
        self.assertIn("single points of failure", done.stdout)
        page = (out / "index.html").read_text()
        for name in things:
            self.assertIn(f'href="{name}/report.html"', page)
            results = json.loads((out / name / "results.json").read_text())
            self.assertEqual({fault["state"] for fault in results["faults"].values()}, {"undone"})
            self.assertNotIn("recovers", results["objectives"])
            self.assertNotIn("unrelated", results["faults"])
        self.assertEqual(len(json.loads((out / "both" / "results.json").read_text())["faults"]), 2)

    def test_a_backend_that_is_killed_for_good_is_survived(self):
        done, found, things, _ = self.hunt("--how", "kill", "--only", "web.2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(things["web.2"]["outcome"], "survived")
        self.assertEqual(found["single_points"], [])
        self.assertAlmostEqual(things["web.2"]["to_s"], 15, delta=0.1)

    def test_squall_stop_ends_the_hunt_and_says_what_was_not_tried(self):
        out = self.folder / "out"
        process = self.start("spof", self.two_behind_a_proxy(), "--out", out, "--quiet")
        wait_for(lambda: (out / "web.1" / "running").exists())
        wait_for(lambda: processes_with(f"127.0.0.1:{self.base}"))
        stopped = self.squall("stop", out / "web.1", within=30)
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        said, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 3, said)
        self.assertIn("not tried: web.2, web, proxy, both", said)
        found = json.loads((out / "spof.json").read_text())
        self.assertEqual(found["untried"], ["web.2", "web", "proxy", "both"])
        self.assertEqual(found["things"][0]["outcome"], "unknown")
        again = self.squall("spof", self.folder / "scenario.yaml", "--out", out)
        self.assertEqual(again.returncode, 2, again.stderr)
        self.assertIn("already holds a hunt", again.stderr)

    def test_a_dry_run_says_what_would_be_done_and_starts_nothing(self):
        done = self.squall("spof", self.two_behind_a_proxy(), "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ("web.1: freeze web.1 (instance) at 3 s for 6 s", "web: freeze web (service)",
                      "proxy: freeze proxy", "both: freeze web.1, web.2 (fault domain)",
                      "objectives.recovers", "5 runs of 15 s"):
            self.assertIn(words, done.stdout)
        self.assertFalse((self.folder / "runs").exists())

    def test_what_cannot_be_hunted_is_told_before_anything_starts(self):
        path = self.two_behind_a_proxy()
        for arguments, words in ((("--only", "web.3"), "expected some of web.1, web.2, web, proxy, both"),
                                 (("--for", "14s"), "does not fit"),
                                 (("--how", "kill", "--for", "5s"), "does not come back"),
                                 (("--set", "objectives={}"), "objectives")):
            done = self.squall("spof", path, *arguments)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn(words, done.stderr)
        self.assertFalse((self.folder / "runs").exists())


if __name__ == "__main__":
    unittest.main()
