#!/usr/bin/env python3
"""How often squall compare is wrong about real runs of the embedded target.

    tests/bench/compare_pairs.py --pairs 5                  # pairs of the same thing: alarms
    tests/bench/compare_pairs.py --pairs 5 --slower 10%     # and how many of slower runs are found
    tests/bench/compare_pairs.py --pairs 5 --tail 10%       # of runs whose p99 alone is higher
    tests/bench/compare_pairs.py --pairs 100 --slower 10% --at-once 8    # the bars; an hour

Each pair is two runs of the same thing, which are in no other pair; with --slower a third whose target is
slower by so much, with --tail one whose median is the same and whose p99 is so much higher, compared
with the first. A run is of 60 s at 2,000/s unless said otherwise; so many go on at once, each with a target
and an address of its own, and take a fifth of a core. Exit code 1 when more than 5 % of the pairs of the
same thing raise an alarm, or less than 90 % of the slower ones or of those with a longer tail are found.
"""
import argparse
import collections
import concurrent.futures
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIO = """\
squall: 1
name: pair
vars: {{behaviour: "/: service {ms}ms lognormal {sigma}"}}
services:
  web:
    command: ["${{squall}}", target, --listen, "{address}", --seed, "{seed}", --behaviour, "${{behaviour}}"]
    ready: {{url: "http://{address}/.squall/health"}}
targets: {{site: {{url: "http://{address}", protocol: h2c, connections: 8}}}}
load: {{browse: {{target: site, open: {{arrivals: poisson, stages: [{{rate: {rate}/s, for: {seconds}s}}]}}, requests: [{{get: /}}]}}}}
"""


def run(options, folder, seed, ms, sigma):
    """A run of the target with this service time and spread; its directory."""
    name = f"run-{seed}"
    scenario = folder / f"{name}.yaml"
    address = f"127.77.{seed // 250}.{seed % 250 + 1}:18080"
    scenario.write_text(SCENARIO.format(address=address, seed=seed, ms=ms, sigma=sigma,
                                        rate=options.rate, seconds=options.seconds))
    environment = dict(os.environ, SQUALL_STATE_DIR=str(folder / f"state-{seed}"))
    subprocess.run([options.squall, "run", scenario, "--out", folder / name, "--quiet"], check=False,
                   stdout=subprocess.DEVNULL, env=environment)
    return folder / name


def judge(options, a, b):
    # The two differ in address and seed only, and where they should in speed.
    done = subprocess.run([options.squall, "compare", a, b, "--json", "--anyway"],
                          capture_output=True, text=True, check=False)
    if done.returncode == 2:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--slower", default="", help="by how much the third run's service is longer")
    parser.add_argument("--tail", default="", help="by how much the last run's p99 is higher")
    parser.add_argument("--at-once", type=int, default=1, help="so many runs")
    parser.add_argument("--squall", default=ROOT / "build" / "release" / "bin" / "squall")
    options = parser.parse_args()
    share = {kind: 1 + float(text.rstrip("%")) / 100
             for kind, text in (("slower", options.slower), ("tail", options.tail)) if text}
    kinds = {"first": (5.0, 0.5), "the same": (5.0, 0.5)}
    if "slower" in share:
        kinds["slower"] = (round(5 * share["slower"], 3), 0.5)
    if "tail" in share:
        # Of a lognormal p99 is the median times exp(2.326 sigma).
        kinds["tail"] = (5.0, round(0.5 + math.log(share["tail"]) / 2.3263, 4))
    seen = {kind: collections.Counter() for kind in kinds if kind != "first"}
    with tempfile.TemporaryDirectory(prefix="squall-pairs-") as name, \
            concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        jobs = [{kind: pool.submit(run, options, pathlib.Path(name), len(kinds) * pair + i, *how)
                 for i, (kind, how) in enumerate(kinds.items())} for pair in range(options.pairs)]
        for pair, runs in enumerate(jobs):
            for kind in seen:
                answer = judge(options, runs["first"].result(), runs[kind].result())
                seen[kind][answer["verdict"]] += 1
                print(f"pair {pair + 1}, {kind}: {answer['verdict']}: {answer['reasons'][0]}",
                      flush=True)
    for kind, counts in seen.items():
        print(f"{kind}: " + ", ".join(f"{verdict} {n}" for verdict, n in sorted(counts.items())))
    alarms = seen["the same"]["worse"] + seen["the same"]["better"]
    is_found = all(seen[kind]["worse"] >= 0.9 * options.pairs for kind in share)
    return 0 if alarms <= 0.05 * options.pairs and is_found else 1


if __name__ == "__main__":
    sys.exit(main())
