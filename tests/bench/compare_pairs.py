#!/usr/bin/env python3
"""How often squall compare is wrong about real runs of the embedded target.

    tests/bench/compare_pairs.py --pairs 5                  # pairs of the same thing: alarms
    tests/bench/compare_pairs.py --pairs 5 --slower 10%     # and how many of slower runs are found
    tests/bench/compare_pairs.py --pairs 100 --slower 10% --at-once 8    # the bars; 40 minutes

Of N runs of the same thing each is compared with the next one, and the last with the first; with
--slower, N more, whose target is slower by so much, are compared with one of them each. A run is of 60 s
at 2,000/s unless said otherwise; so many go on at once, each with a target and an address of its own, and
take a fifth of a core. Exit code 1 when more than 5 % of the pairs of the
same thing raise an alarm, or less than 90 % of the slower ones are found.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIO = """\
squall: 1
name: pair
vars: {{behaviour: "/: service {ms}ms lognormal 0.5"}}
services:
  web:
    command: ["${{squall}}", target, --listen, "{address}", --seed, "{seed}", --behaviour, "${{behaviour}}"]
    ready: {{url: "http://{address}/.squall/health"}}
targets: {{site: {{url: "http://{address}", protocol: h2c, connections: 8}}}}
load: {{browse: {{target: site, open: {{arrivals: poisson, stages: [{{rate: {rate}/s, for: {seconds}s}}]}}, requests: [{{get: /}}]}}}}
"""


def run(options, folder, seed, ms):
    """A run of the target with this service time; its directory."""
    name = f"run-{seed}"
    scenario = folder / f"{name}.yaml"
    address = f"127.77.{seed // 250}.{seed % 250 + 1}:18080"
    scenario.write_text(SCENARIO.format(address=address, seed=seed, ms=ms, rate=options.rate,
                                        seconds=options.seconds))
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
    parser.add_argument("--at-once", type=int, default=1, help="so many runs")
    parser.add_argument("--squall", default=ROOT / "build" / "release" / "bin" / "squall")
    options = parser.parse_args()
    speeds = {"the same": 5.0}
    if options.slower:
        speeds["slower"] = round(5 * (1 + float(options.slower.rstrip("%")) / 100), 3)
    seen = {kind: collections.Counter() for kind in speeds}
    with tempfile.TemporaryDirectory(prefix="squall-pairs-") as name, \
            concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        jobs = [{kind: pool.submit(run, options, pathlib.Path(name), len(speeds) * pair + i, ms)
                 for i, (kind, ms) in enumerate(speeds.items())} for pair in range(options.pairs)]
        for pair, runs in enumerate(jobs):
            base = runs["the same"].result()
            others = {**runs, "the same": jobs[(pair + 1) % options.pairs]["the same"]}
            for kind, other in others.items():
                answer = judge(options, base, other.result())
                seen[kind][answer["verdict"]] += 1
                print(f"pair {pair + 1}, {kind}: {answer['verdict']}: {answer['reasons'][0]}",
                      flush=True)
    for kind, counts in seen.items():
        print(f"{kind}: " + ", ".join(f"{verdict} {n}" for verdict, n in sorted(counts.items())))
    alarms = seen["the same"]["worse"] + seen["the same"]["better"]
    is_found = not options.slower or seen["slower"]["worse"] >= 0.9 * options.pairs
    return 0 if alarms <= 0.05 * options.pairs and is_found else 1


if __name__ == "__main__":
    sys.exit(main())
