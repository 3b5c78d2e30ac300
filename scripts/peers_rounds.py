"""What peers_python.py and peers_gpu.py share: turns of the sides, and the table of what they took."""
import math
import statistics


def turns(sides, rounds):
    """Every side once a round, each round beginning with another."""
    names = list(sides)
    for turn in range(rounds):
        for name in names[turn % len(names):] + names[: turn % len(names)]:
            yield turn, name


def interval(values):
    """Median and the 95 % interval of the sign test; None with fewer than 6 values."""
    ordered, n = sorted(values), len(values)
    k = 0
    while sum(math.comb(n, i) for i in range(k + 1)) / 2**n <= 0.025:
        k += 1
    return statistics.median(ordered), (ordered[k - 1], ordered[n - k]) if k else None


def print_table(text, times, ours, decimals):
    """times: milliseconds of each side, a value a round; ratios are paired by round."""
    print(f"\n{text}\n{'':32}{'median ms':>10}{'x ' + ours:>11}  95 %")
    for name, taken in times.items():
        ratio, bounds = interval([theirs / our for theirs, our in zip(taken, times[ours])])
        shown = f"[{bounds[0]:.3f}, {bounds[1]:.3f}]" if bounds and name != ours else ""
        print(f"{name:32}{statistics.median(taken):10.{decimals}f}{ratio:11.3f}  {shown}")
