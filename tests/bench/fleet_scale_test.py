"""A small sample of fleet_scale.py: no snapshot is lost, none counted twice, and what is merged is whole
soon after its second. How much it costs is not asked here: that wants a quiet machine."""
import os
import unittest

import fleet_scale

AGENTS, REQUESTS, SECONDS = 20, 25, 5


class FleetScale(unittest.TestCase):
    def test_what_twenty_agents_recorded_is_what_the_coordinator_has(self):
        figures = fleet_scale.measure(os.environ["SQUALL"], os.environ["SQUALL_FLEET_SIMULATION"], AGENTS, REQUESTS,
                                      SECONDS)
        # Counts, least, mean and greatest, and each percentile: of the union, to the bucket.
        self.assertEqual(figures["wrong"], [], figures)
        self.assertEqual(figures["exit"], 0, figures)
        self.assertEqual(figures["snapshots"], AGENTS * (SECONDS + 1), figures)
        self.assertEqual((figures["told_that_all_was_taken"], figures["not_taken"]), (AGENTS, 0), figures)
        self.assertEqual(figures["merge_lateness_ms"]["seconds"], SECONDS, figures)
        # Each lease acknowledges what came before it: of all the seconds only the last few wait.
        self.assertLess(figures["waiting_at_the_end"], AGENTS * (SECONDS - 1), figures)
        # The aim is 2 s; a machine that compiles beside it gets more.
        self.assertLess(figures["merge_lateness_ms"]["max"], 8_000, figures)

    def test_a_difference_would_be_seen(self):
        latency = {"count": 2, "p50": 1.0}
        told = {"loads": {"a": {"due": 2, "ok": 2, "latency_ms": {"response": latency}}}}
        merged = {"load": {"a": {"due": 2, "ok": 2, "latency_ms": {"response": dict(latency)}}}}
        self.assertEqual(fleet_scale.differences(told, merged), [])
        merged["load"]["a"]["latency_ms"]["response"]["p50"] = 1.001
        merged["load"]["a"]["due"] = 3
        self.assertEqual(len(fleet_scale.differences(told, merged)), 2)


if __name__ == "__main__":
    unittest.main()
