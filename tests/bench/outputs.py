"""Reads what squall and its peers print. What cannot be found is an error, never a zero."""
import json
import re
from dataclasses import dataclass
from typing import Optional

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TIME = r"([0-9.]+)(ns|us|µs|ms|s|m|h)"


class Unreadable(Exception):
    """A program's output lacks what was looked for."""


@dataclass
class Said:
    """What a program says of its run."""

    ok: int
    failed: int
    per_second: float
    p99_s: Optional[float] = None


def _find(pattern, text, what):
    match = re.search(pattern, text, re.M)
    if match is None:
        raise Unreadable(f"{what} is not in the output, which ends: {text.strip()[-300:]!r}")
    return match


def seconds(number, unit):
    """A time as wrk and h2load write it: ("87.5", "us") is 8.75e-05."""
    return float(number) * _SECONDS[unit]


def h2load(text):
    """h2load's summary. It gives no percentiles: see h2load_log()."""
    counts = _find(r"^requests: (\d+) total, (\d+) started, (\d+) done, (\d+) succeeded, (\d+) failed",
                   text, "h2load's count of requests")
    rate = _find(r"^finished in [0-9.]+\w+, ([0-9.]+) req/s", text, "h2load's rate")
    return Said(int(counts[4]), int(counts[5]), float(rate[1]))


def h2load_log(text):
    """The times, in seconds, of all requests in a file of h2load's --log-file."""
    times = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split("\t")
        if len(fields) < 3 or not fields[2].strip().isdigit():
            raise Unreadable(f"line {number} of h2load's log is not start, status, time: {line!r}")
        times.append(int(fields[2]) / 1e6)
    if not times:
        raise Unreadable("h2load's log is empty")
    return times


def wrk(text):
    """The summary of wrk or wrk2, called with --latency."""
    p99 = _find(r"^\s*99(?:\.0+)?%\s+" + _TIME + r"\s*$", text, "wrk's 99th percentile")
    total = int(_find(r"^\s*(\d+) requests in ", text, "wrk's count of requests")[1])
    rate = float(_find(r"^Requests/sec:\s+([0-9.]+)", text, "wrk's rate")[1])
    failed = 0
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    if errors:
        failed += sum(map(int, errors.groups()))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if refused:  # Among the requests counted above; socket errors are not.
        failed += int(refused[1])
        total -= int(refused[1])
    return Said(total, failed, rate, seconds(p99[1], p99[2]))


def hey(text):
    """hey's summary. Some versions write 99%% for 99%."""
    p99 = _find(r"^\s*99%{1,2} in ([0-9.]+) secs", text, "hey's 99th percentile")
    rate = _find(r"^\s*Requests/sec:\s+([0-9.]+)", text, "hey's rate")
    statuses = re.findall(r"^\s*\[(\d{3})\]\s+(\d+) responses", text, re.M)
    ok = sum(int(count) for status, count in statuses if status < "400")
    refused = sum(int(count) for status, count in statuses if status >= "400")
    broken = 0
    if "Error distribution:" in text:
        after = text.split("Error distribution:", 1)[1]
        broken = sum(map(int, re.findall(r"^\s*\[(\d+)\]\s", after, re.M)))
    return Said(ok, refused + broken, float(rate[1]), float(p99[1]))


def k6(summary):
    """k6's --summary-export, called with p(99) among --summary-trend-stats. Its times are in ms."""
    try:
        metrics = json.loads(summary)["metrics"]
        values = {name: metrics[name].get("values", metrics[name])
                  for name in ("http_req_duration", "http_reqs")}
        failed = metrics.get("http_req_failed", {})
        share = float(failed.get("values", failed).get("rate", failed.get("value", 0)))
        count = int(values["http_reqs"]["count"])
        return Said(round(count * (1 - share)), round(count * share),
                    float(values["http_reqs"]["rate"]),
                    float(values["http_req_duration"]["p(99)"]) / 1e3)
    except (KeyError, TypeError, ValueError) as wrong:
        raise Unreadable(f"k6's summary lacks {wrong}") from wrong


@dataclass
class OurRun(Said):
    """What results.json says of its one load, which makes it easy to compare."""

    verdict: str = ""
    due: int = 0
    in_time: int = 0  # Completed in the seconds in which requests were due.


def squall(results):
    """results.json of a scenario with one load."""
    try:
        data = json.loads(results)
        (load,) = data["load"].values()
        window = load["to_s"] - load["from_s"]
        series = load["series"]
        in_time = sum(count for at, count in zip(series["t_s"], series["completed"])
                      if load["from_s"] <= at < load["to_s"])
        p99 = load["latency_ms"]["response"]["p99"]
        return OurRun(load["ok"], sum(load["errors"].values()) + load["unsent"] + load["shed"],
                      in_time / window, None if p99 is None else p99 / 1e3, data["verdict"],
                      load["due"], in_time)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as wrong:
        raise Unreadable(f"results.json lacks {wrong}") from wrong
