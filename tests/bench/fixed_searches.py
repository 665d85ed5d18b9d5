"""Searches that others make for a capacity, to be compared with squall's own.

They take one sample of fixed length for each rate, and believe it. `offer(rate, seconds, calm)`
offers `rate` for so long, after so many seconds of next to nothing, and answers whether that held.
"""


def bisection(offer, low, high, start):
    """Plain: halves the range until its ends are 5 % apart; 20 s each after 10 s of calm, and once
    more what it has found. Where it begins is given by the range."""
    del start
    while high / low > 1.05:
        middle = (low + high) / 2
        if offer(middle, 20, 10):
            low = middle
        else:
            high = middle
    offer(low, 20, 10)
    return low


def nighthawk(offer, low, high, start):
    """Nighthawk's adaptive load: doubles while it holds, then halves the gap until a step changes
    the rate by less than 1 %; 10 s each, no calm between; 30 s at the end, which are not judged."""
    del low, high
    good = bad = before = 0.0
    rate = start
    while not before or abs(rate / before - 1) >= 0.01:
        if offer(rate, 10, 0):
            good = rate
        else:
            bad = rate
        before = rate
        rate = (good + bad) / 2 if bad else rate * 2
    offer(rate, 30, 0)
    return rate


SEARCHES = {"bisection": bisection, "nighthawk": nighthawk}
