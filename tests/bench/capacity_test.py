"""What the comparison of searches counts with. It measures nothing."""
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
import capacity  # noqa: E402
import erlang  # noqa: E402
from fixed_searches import bisection, nighthawk  # noqa: E402


class Offered:
    """A target that holds any rate up to 749/s, and what it was offered."""

    def __init__(self):
        self.probes = []

    def __call__(self, rate, seconds, calm):
        self.probes.append((rate, seconds, calm))
        return rate <= 749


class Searches(unittest.TestCase):
    def test_bisection_halves_the_range_until_its_ends_are_five_per_cent_apart(self):
        # 3950/s of range, halved 7 times, are 31/s: less than 5 % of 749/s; 6 times would be 62/s.
        offer = Offered()
        good = bisection(offer, 50, 4000, 200)
        self.assertEqual([round(rate) for rate, _, _ in offer.probes],
                         [2025, 1038, 544, 791, 667, 729, 760, 729])
        self.assertEqual(round(good), 729)
        self.assertEqual(offer.probes[0][1:], (20, 10))

    def test_nighthawk_doubles_and_then_halves_the_gap_until_a_step_is_less_than_one_per_cent(self):
        # From 737.5 to 743.75 is a step of 0.8 %: there it stays, for 30 s.
        offer = Offered()
        good = nighthawk(offer, 50, 4000, 200)
        self.assertEqual([rate for rate, _, _ in offer.probes],
                         [200, 400, 800, 600, 700, 750, 725, 737.5, 743.75])
        self.assertEqual(good, 743.75)
        self.assertEqual([seconds for _, seconds, _ in offer.probes], [10] * 8 + [30])


class Truth(unittest.TestCase):
    def test_erlang_c_for_one_server_is_its_load(self):
        self.assertAlmostEqual(erlang.chance_to_wait(1, 0.8), 0.8)
        # And the response of M/M/1 is exponential, of rate μ − λ: e^(−(100 − 80) · 0.1) = e^(−2).
        self.assertAlmostEqual(erlang.late_share(1, 0.010, 80, 0.1), 0.1353, places=4)
        # More than n wait: n + 2 and more are there, ρ^(n+2).
        self.assertAlmostEqual(erlang.longer_line_share(1, 0.010, 80, 10), 0.8 ** 12)

    def test_the_line_of_the_collapsing_target_is_too_long_to_matter_at_the_capacity(self):
        truth = capacity.truth_of("collapsing", 100)
        self.assertEqual(round(truth), 749)
        self.assertLess(erlang.longer_line_share(8, 0.010, truth, 200), 1e-5)

    def test_what_counts_of_a_changing_target_is_what_it_was_at_the_end(self):
        self.assertEqual(round(capacity.truth_of("changing", 39)), 749)
        self.assertEqual(round(capacity.truth_of("changing", 60)), 549)

    def test_only_what_was_found_counts_as_close(self):
        row = {"target": "queue", "search": "squall", "end": "found", "off": -0.05, "probes": 7, "seconds": 80}
        far, cut = dict(row, off=0.06, probes=9), dict(row, end="cut", off=0.0)
        self.assertIn("| queue | squall | 1 of 3 | 7.7 | 80 s |", capacity.summary([row, far, cut]))


if __name__ == "__main__":
    unittest.main()
