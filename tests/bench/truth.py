"""The arithmetic of the comparison: what a stalled server's p99 is, ratios, and whether a bar is met."""
import math
import statistics
from dataclasses import dataclass


def stalled_percentile(percent, length_s, stall_s):
    """The percentile of the time from due to answer, in seconds, when a server stands still.

    At a constant rate r over `length_s`, a stall of `stall_s` inside it holds up the r·stall_s
    requests that fall due meanwhile. The one that is due u after the stall's beginning waits the
    rest of it, stall_s − u; all others are answered at once. So r·(stall_s − x) requests of
    r·length_s wait longer than x, and the share 1 − percent/100 does where
    x = stall_s − (1 − percent/100)·length_s. (1 s in 10 s: p99 is 0.9 s, p95 0.5 s, p90 is 0.)
    """
    return max(0.0, stall_s - (1 - percent / 100) * length_s)


def percentile(values, percent):
    """The smallest value that at least `percent` of all values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("a percentile of nothing")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


@dataclass
class Ratio:
    """Ours ÷ theirs: of the medians, and the least and greatest of the single rounds."""

    ours: float
    theirs: float
    of_medians: float
    least: float
    greatest: float


def ratio(ours, theirs):
    """Compares two series, one value a round each; None when there is nothing to divide by."""
    if not ours or len(ours) != len(theirs) or min(theirs) <= 0:
        return None
    of_rounds = [mine / other for mine, other in zip(ours, theirs)]
    mine, other = statistics.median(ours), statistics.median(theirs)
    return Ratio(mine, other, mine / other, min(of_rounds), max(of_rounds))


def is_met(of, bar, is_strict=False):
    """Whether a ratio keeps its bar; what could not be measured does not."""
    if of is None:
        return False
    return of.of_medians < bar if is_strict else of.of_medians <= bar
