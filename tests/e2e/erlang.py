"""What queueing theory says of a queue with c servers, exponential service and Poisson arrivals."""
import math


def chance_to_wait(servers, load):
    """Erlang C: the share that finds all servers busy. `load` is rate × service, less than servers."""
    terms = [load ** k / math.factorial(k) for k in range(servers)]
    last = load ** servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


def late_share(servers, service, rate, within):
    """P(response > within), times in seconds."""
    load = rate * service
    if load >= servers:
        return 1.0
    waits = chance_to_wait(servers, load)
    spare = servers - 1 - load
    rest = (1 - math.exp(-within / service * spare)) / spare if abs(spare) > 1e-9 else within / service
    return math.exp(-within / service) * (1 + waits * rest)


def longer_line_share(servers, service, rate, line):
    """P(more than `line` wait)."""
    load = rate * service
    return chance_to_wait(servers, load) * (load / servers) ** (line + 1)


def capacity(servers, service, within, allowed):
    """The rate at which just the share `allowed` of all responses takes longer than `within`."""
    low, high = 0.0, servers / service
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if late_share(servers, service, middle, within) <= allowed else (low, middle)
    return low
