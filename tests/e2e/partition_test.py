"""One of two backends behind haproxy is cut off: how long it took until that was noticed, and until all
was well again, is in the report. Needs root; nothing in it needs netem."""
import unittest

import support
from namespaces import Hosts, phases_of
from support import program

CHECKS = "inter 500ms fastinter 200ms downinter 500ms fall 2 rise 2"


class Partition(Hosts):
    def scenario_behind_haproxy(self, a, b):
        conf = self.folder / "haproxy.cfg"
        conf.write_text(f"""
defaults
  mode http
  timeout connect 500ms
  timeout client 10s
  timeout server 1s
  timeout check 500ms
  retries 0
frontend front
  bind 127.0.0.1:8080
  default_backend both
backend both
  option httpchk GET /
  balance roundrobin
  server a 10.91.1.2:8000 check {CHECKS}
  server b 10.91.2.2:8000 check {CHECKS}
""")
        ip, haproxy = program("ip"), program("haproxy")

        def backend(name, space, address):
            return f"""
  {name}:
    command: ["{ip}", netns, exec, {space}, "{support.SQUALL}", target, --listen, "{address}:8000",
              --protocol, h1, --behaviour, "/: body 1KiB"]
    ready: {{url: "http://{address}:8000/", within: 10s}}"""

        return self.scenario(f"""
squall: 1
name: partition-behind-haproxy
services:{backend("a", a, "10.91.1.2")}{backend("b", b, "10.91.2.2")}
  balancer:
    command: ["{haproxy}", -f, "{conf}"]
    ready: {{url: "http://127.0.0.1:8080/", within: 10s}}
targets:
  site: {{url: "http://127.0.0.1:8080/", protocol: h1, connections: 200, timeout: 3s}}
load:
  visitors:
    target: site
    open: {{stages: [{{rate: 200/s, for: 22s}}]}}
    requests: [{{get: /, expect: {{status: 200}}}}]
faults:
  cut:
    at: 5s
    for: 10s
    network: {{interface: eth0, namespace: {b}, direction: both, partition: true}}
objectives:
  available: {{load: visitors, good: status < 500, goal: 90%}}
  back: {{load: visitors, within: 500ms, goal: 99%, after: cut, by: 3s}}
# What waits for the backend that was cut off takes a second, and fails; a busy machine is not that slow.
steady:
  visitors: {{error_share: 1%, p99: 500ms, hold: 3s}}
""")

    def test_shows_when_it_was_noticed_and_when_all_was_well(self):
        a, b = self.host("a", 1), self.host("b", 2)
        before = self.state(b)
        run = self.run_scenario(self.scenario_behind_haproxy(a, b))
        self.assertEqual(run.code, 0, run.said())
        load = run.results["load"]["visitors"]
        self.assert_adds_up(load)
        phases = phases_of(load)
        self.assertEqual(phases["before cut"]["ok"], phases["before cut"]["due"])
        self.assertEqual(phases["after cut"]["ok"], phases["after cut"]["due"])
        during = phases["during cut"]
        self.assertGreater(during["due"] - during["ok"], 10, run.said())
        cut = run.results["faults"]["cut"]
        self.assertIn("(100 %) of them lost", cut["verified"]["seen"])
        # haproxy's second check that fails is 500 + 500 + 200 + 500 ms after the cut at the latest; the
        # balancer then leaves the backend out, and what it had waits for a second more.
        impact = cut["impact"]
        self.assertGreater(impact["detected_s"], 5.0)
        self.assertLess(impact["detected_s"], 5.0 + 3.0, impact)
        self.assertIsNotNone(impact["recovered_under_s"], impact)
        self.assertLess(impact["recovered_under_s"], 5.0 + 5.0, impact)
        self.assertIsNotNone(impact["recovered_s"], impact)
        self.assertLess(impact["recovered_s"], 15.0 + 3.0, impact)
        report = (run.out / "report.html").read_text()
        self.assertIn("steady again under it after", report)
        self.assertEqual(self.state(b), before)


if __name__ == "__main__":
    unittest.main()
