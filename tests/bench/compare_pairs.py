#!/usr/bin/env python3
"""How often squall compare is wrong about real runs of the embedded target.

    tests/bench/compare_pairs.py --pairs 5                  # pairs of the same thing: alarms
    tests/bench/compare_pairs.py --pairs 5 --slower 10%     # B is slower by so much: how many are found
    tests/bench/compare_pairs.py --pairs 100                # the bar: at most 5 alarms; takes 3.5 hours

Each pair is two runs one after the other, of 60 s at 2,000/s unless said otherwise. Exit code 1 when
more than 5 % of the pairs of the same thing raise an alarm, or less than 90 % of the others are found.
"""
import argparse
import collections
import json
import os
import pathlib
import socket
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
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --seed, "{seed}", --behaviour, "${{behaviour}}"]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health"}}
targets: {{site: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 8}}}}
load: {{browse: {{target: site, open: {{arrivals: poisson, stages: [{{rate: {rate}/s, for: {seconds}s}}]}}, requests: [{{get: /}}]}}}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(squall, folder, name, environment, **values):
    scenario = folder / f"{name}.yaml"
    scenario.write_text(SCENARIO.format(port=free_port(), **values))
    subprocess.run([squall, "run", scenario, "--out", folder / name, "--quiet"], check=False,
                   stdout=subprocess.DEVNULL, env=environment)
    return folder / name


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--slower", default="0%", help="by how much B's service time is longer")
    parser.add_argument("--squall", default=ROOT / "build" / "release" / "bin" / "squall")
    options = parser.parse_args()
    slower = float(options.slower.rstrip("%")) / 100
    seen = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="squall-pairs-") as name:
        environment = dict(os.environ, SQUALL_STATE_DIR=name + "/state")
        for pair in range(options.pairs):
            folder = pathlib.Path(name) / str(pair)
            folder.mkdir()
            shared = {"rate": options.rate, "seconds": options.seconds}
            a = run(options.squall, folder, "a", environment, ms=5, seed=2 * pair + 1, **shared)
            b = run(options.squall, folder, "b", environment, ms=round(5 * (1 + slower), 3),
                    seed=2 * pair + 2, **shared)
            # The two differ in port and seed only, and where they should in speed.
            done = subprocess.run([options.squall, "compare", a, b, "--json", "--anyway"],
                                  capture_output=True, text=True, check=False)
            if done.returncode == 2:
                sys.exit(done.stderr)
            answer = json.loads(done.stdout)
            seen[answer["verdict"]] += 1
            print(f"pair {pair + 1}: {answer['verdict']}: {answer['reasons'][0]}", flush=True)
    print(", ".join(f"{verdict}: {times}" for verdict, times in sorted(seen.items())))
    if slower > 0:
        return 0 if seen["worse"] >= 0.9 * options.pairs else 1
    return 0 if seen["worse"] + seen["better"] <= 0.05 * options.pairs else 1


if __name__ == "__main__":
    sys.exit(main())
