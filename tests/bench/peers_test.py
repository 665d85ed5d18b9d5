"""The comparison's arithmetic, and that it reads what the peers print. It measures nothing."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import outputs  # noqa: E402
import peers  # noqa: E402
import rows  # noqa: E402
import truth  # noqa: E402

H2LOAD = """starting benchmark...
finished in 3.00s, 128512.33 req/s, 8.82MB/s
requests: 385540 total, 385857 started, 385540 done, 385537 succeeded, 3 failed, 0 errored, 0 timeout
status codes: 385537 2xx, 0 3xx, 3 4xx, 0 5xx
"""

WRK = """Running 3s test @ https://127.0.0.1:28444/
  1 threads and 10 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    87.87us  153.20us   4.34ms   99.20%
  Latency Distribution
     50%   86.00us
     99%  191.00us
  297550 requests in 3.10s, 43.42MB read
  Socket errors: connect 0, read 1, write 0, timeout 4
  Non-2xx or 3xx responses: 50
Requests/sec:  95993.81
"""

WRK2 = """  Thread calibration: mean lat.: 1.115ms, rate sampling interval: 10ms
  Latency Distribution (HdrHistogram - Recorded Latency)
 50.000%    1.03ms
 90.000%    2.11ms
 99.000%  901.63ms
 99.900%    0.99s
  9990 requests in 10.00s, 1.43MB read
Requests/sec:    998.83
"""

HEY = """
Summary:
  Total:	3.0035 secs
  Requests/sec:	998.8294

Latency distribution:
  95% in 0.0005 secs
  99%% in 0.0008 secs

Status code distribution:
  [200]	2990 responses
  [502]	7 responses

Error distribution:
  [3]	Get "https://127.0.0.1:28444/": net/http: timeout awaiting response headers
"""


class Truth(unittest.TestCase):
    def test_a_second_of_ten_makes_p99_900_ms_and_p95_500_ms(self):
        self.assertAlmostEqual(truth.stalled_percentile(99, 10, 1), 0.9)
        self.assertAlmostEqual(truth.stalled_percentile(95, 10, 1), 0.5)
        self.assertAlmostEqual(truth.stalled_percentile(90, 10, 1), 0)
        self.assertEqual(truth.stalled_percentile(50, 10, 1), 0)

    def test_the_formula_is_what_counting_every_request_gives(self):
        rate, length, stall, at = 1000, 10, 1.037, 4.2
        waits = []
        for k in range(rate * length):
            due = k / rate
            waits.append(at + stall - due if at <= due < at + stall else 0.0)
        for percent in (50, 90, 95, 99, 99.9):
            self.assertAlmostEqual(truth.stalled_percentile(percent, length, stall),
                                   truth.percentile(waits, percent), delta=2 / rate)

    def test_a_percentile_is_of_the_nearest_rank(self):
        self.assertEqual(truth.percentile(range(1, 101), 99), 99)
        self.assertEqual(truth.percentile([7], 1), 7)
        self.assertEqual(truth.percentile([3, 1, 2], 100), 3)
        with self.assertRaises(ValueError):
            truth.percentile([], 50)

    def test_a_ratio_is_of_medians_and_its_spread_of_rounds(self):
        of = truth.ratio([1, 2, 9], [2, 2, 3])
        self.assertEqual((of.of_medians, of.least, of.greatest), (1.0, 0.5, 3.0))

    def test_what_was_not_measured_meets_no_bar(self):
        self.assertIsNone(truth.ratio([], []))
        self.assertIsNone(truth.ratio([1, 2], [1]))
        self.assertIsNone(truth.ratio([1], [0]))
        self.assertFalse(truth.is_met(None, 1.0))

    def test_as_much_meets_a_bar_unless_it_must_be_less(self):
        of = truth.ratio([3], [3])
        self.assertTrue(truth.is_met(of, 1.0))
        self.assertFalse(truth.is_met(of, 1.0, is_strict=True))
        self.assertFalse(truth.is_met(of, 0.8))


class Outputs(unittest.TestCase):
    def test_h2load(self):
        said = outputs.h2load(H2LOAD)
        self.assertEqual((said.ok, said.failed, said.per_second), (385537, 3, 128512.33))

    def test_h2load_log(self):
        log = "1795258719192577\t200\t198\n1795258719192664\t-1\t1500000\n"
        self.assertEqual(outputs.h2load_log(log), [198e-6, 1.5])
        for broken in ("", "1795258719192577\t200\n", "what is this\n"):
            with self.assertRaises(outputs.Unreadable):
                outputs.h2load_log(broken)

    def test_wrk_counts_neither_broken_nor_refused_requests_as_ok(self):
        said = outputs.wrk(WRK)
        self.assertEqual((said.ok, said.failed), (297500, 55))
        self.assertAlmostEqual(said.p99_s, 191e-6)
        self.assertEqual(said.per_second, 95993.81)

    def test_wrk2(self):
        self.assertAlmostEqual(outputs.wrk(WRK2).p99_s, 0.90163)

    def test_times_have_units(self):
        self.assertAlmostEqual(outputs.seconds("1.25", "s"), 1.25)
        self.assertAlmostEqual(outputs.seconds("1.50", "m"), 90)

    def test_hey_with_one_percent_sign_or_two(self):
        for text in (HEY, HEY.replace("%%", "%")):
            said = outputs.hey(text)
            self.assertEqual((said.ok, said.failed, said.p99_s), (2990, 10, 0.0008))

    def test_k6_of_either_shape(self):
        flat = {"metrics": {"http_req_duration": {"p(99)": 901.5},
                            "http_req_failed": {"value": 0.01},
                            "http_reqs": {"count": 10000, "rate": 999.5}}}
        nested = {"metrics": {name: {"values": dict(values)}
                              for name, values in flat["metrics"].items()}}
        nested["metrics"]["http_req_failed"]["values"] = {"rate": 0.01}
        for summary in (flat, nested):
            said = outputs.k6(json.dumps(summary))
            self.assertEqual((said.ok, said.failed, said.p99_s), (9900, 100, 0.9015))

    def test_squall_counts_as_in_time_what_ended_while_requests_were_due(self):
        load = {"from_s": 0.0, "to_s": 2.0, "due": 100, "ok": 97, "errors": {"timeout": 1},
                "unsent": 2, "shed": 0, "latency_ms": {"response": {"p99": 900.0}},
                "series": {"t_s": [0, 1, 2], "completed": [40, 50, 8]}}
        said = outputs.squall(json.dumps({"verdict": "invalid", "load": {"all": load}}))
        self.assertEqual((said.ok, said.failed, said.in_time, said.per_second), (97, 3, 90, 45))
        self.assertEqual((said.p99_s, said.verdict, said.due), (0.9, "invalid", 100))

    def test_what_is_missing_is_an_error(self):
        for read in (outputs.h2load, outputs.wrk, outputs.hey, outputs.k6, outputs.squall):
            for text in ("", "segmentation fault", "{}"):
                with self.subTest(read=read.__name__, text=text):
                    with self.assertRaises(outputs.Unreadable):
                        read(text)


class Table(unittest.TestCase):
    def test_a_line_says_ratio_spread_and_whether_its_bar_is_met(self):
        line = rows.Line("work", "peer", "ms", "≤ 1.0")
        ours, theirs = rows.Side(), rows.Side()
        for mine, other in ((1.0, 2.0), (3.0, 2.0), (1.0, 2.0)):
            ours.add(mine, outputs.Said(10, 0, 100.0))
            theirs.add(other, outputs.Said(10, 1, 90.0))
        text = peers.table([rows.compared(line, ours, theirs, 1.0)])
        self.assertIn("**0.50** (0.50–1.50)", text)
        self.assertIn("| yes |", text)
        self.assertIn("peer: 3 requests failed", text)

    def test_a_line_that_was_not_measured_is_not_met(self):
        line = rows.Line("work", "peer", "ms", "≤ 1.0", notes=["no such program"])
        self.assertFalse(line.is_met)
        self.assertIn("| not measured | no such program |", peers.table([line]))

    def test_a_verdict_other_than_pass_is_told(self):
        side = rows.Side()
        side.add(1.0, outputs.OurRun(1, 0, 1.0, 0.1, "invalid", 1, 1))
        self.assertIn("squall's verdict: invalid", side.notes("squall"))


if __name__ == "__main__":
    unittest.main()
