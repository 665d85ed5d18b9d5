#!/usr/bin/env python3
"""Runs scenarios/library/capacity.yaml with several seeds and says how close each answer came.

    tests/bench/capacity.py SQUALL [RUNS [SCENARIO]]

A run takes one to two minutes, and the machine should have nothing else to do. The comparison with
plain bisection and Nighthawk's algorithm on a simulated target is printed by the unit test
CapacitySearch.FindsTheKneeOfAQueueIn19Of20RunsAndSoonerThanBisectionAndNighthawk.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

TRUTH = 749.0  # Erlang C for 8 servers of 10 ms: 1 % of responses beyond 100 ms.
HERE = pathlib.Path(__file__).resolve().parents[2]


def main(squall, runs=20, scenario=HERE / "scenarios" / "library" / "capacity.yaml"):
    close = 0
    print("| seed | end | good | refuted | off | probes | time |\n|---|---|---|---|---|---|---|")
    for seed in range(1, int(runs) + 1):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "run"
            subprocess.run([squall, "run", scenario, "--out", out, "--quiet", "--set", f"seed={seed}"],
                           check=False, stdout=subprocess.DEVNULL)
            results = json.loads((out / "results.json").read_text())
        found = results["capacity"]
        off = found["good"] / TRUTH - 1 if found["good"] else float("nan")
        close += found["end"] == "found" and abs(off) <= 0.05
        print(f"| {seed} | {found['end']} | {found['good'] or 0:.0f}/s | {found['bad'] or 0:.0f}/s | {off:+.1%} "
              f"| {len(found['probes'])} | {results['duration_s']:.0f} s |", flush=True)
    print(f"\n{close} of {runs} within 5 % of {TRUTH:.0f}/s")


if __name__ == "__main__":
    main(*sys.argv[1:])
