#!/usr/bin/env python3
"""Which tiles are worth compiling: an analytic model of an H100 over the shapes of the design, as DeepGEMM picks its tiles.

A block takes the cycles of whatever is slowest of arithmetic, shared memory and L2, a call those of the blocks that the
busiest multiprocessor gets, and a start for each wave of them. With no argument: for each compiled tile on how many of the shapes it is within 10 % of the best one
compiled. --space: how far the best compiled tile is behind the best of the whole space. Exit 1 where a compiled tile is
worth nothing anywhere, or more than 60 variants are compiled.
usage: cuda_prune.py [--space] [VARIANTS.DEF]
"""
import itertools
import math
import pathlib
import re
import sys

VARIANTS = pathlib.Path(__file__).resolve().parent.parent / "kernels/cuda/cuda_variants.def"
MOST = 60
NEAR = 1.10

# An H100, per multiprocessor and cycle: what each path gives.
MULTIPROCESSORS, SHARED = 132, 227 * 1024
L2_BYTES, SHARED_BYTES = 5.5e12 / 132 / 1.755e9, 128
FLOPS = {"tiled": 256, "mma_f32": 0.6 * 2048, "mma_bf16": 0.6 * 4096, "hopper": 4096}
START = 2000  # cycles: of a wave

# What is to be picked from, by family.
SPACE = {"tiled": [(m, n, k) for m in (32, 64, 128) for n in (32, 64, 128) for k in (8, 16, 32)],
         "mma": [(m, n, k) for m in (32, 64, 128, 256) for n in (64, 128, 256) for k in (32, 64)],
         "hopper": [(m, n, 64) for m in (64, 128, 192, 256) for n in (64, 128, 192, 256) if m * n <= 128 * 256]}
CLUSTERS = {"hopper": [(1, 1), (2, 1), (1, 2)]}  # blocks along m, which share b, and along n, which share a


def shapes():
    """A: T = E = 32, H = 4D. B: E = 512, H = D/4. C: T = E = 32, H = D/4. Groups: a batch, a small one, few."""
    for d, groups in itertools.product((512, 1024, 2048, 4096), (8192, 256, 32)):
        yield groups, 32, 32, d, 4 * d
        yield groups, 32, 512, d, d // 4
        yield groups, 32, 32, d, d // 4
        yield groups // 4, 128, 128, d, d  # larger groups


def products(stage, shape):
    """(batches, m, n, k) of a stage."""
    g, t, e, d, h = shape
    return {"ROUTE": [(1, g * t, e, d)], "MIX": [(g, e, d, t)], "REDISTRIBUTE": [(g, t, d, e)],
            "EXPERTS": [(e, g, h, d), (e, g, d, h)]}[stage]


def blocks_on_one(family, element, m, n, k, stages, blocks):
    """As many as the variant is compiled for, or its shared memory allows."""
    bytes_ = stages * (m + n) * k * element + (m * n * element if family == "hopper" else 0)
    return max(1, min(blocks, SHARED // max(1, bytes_)))


def cycles(family, element, tile, product, stages=3, blocks=2, turns=True, cluster=(1, 1)):
    m, n, k = tile
    batches, rows, columns, depth = product
    tall, wide = cluster
    count = batches * math.ceil(rows / (m * tall)) * math.ceil(columns / (n * wide)) * tall * wide
    steps = math.ceil(depth / k)
    at_once = 1 if family == "hopper" else blocks_on_one(family, element, m, n, k, stages, blocks)
    flops = FLOPS[family if family in FLOPS else f"mma_{'bf16' if element == 2 else 'f32'}"]
    one = max(2 * m * n * k * steps / flops, (m + n) * k * steps * element / SHARED_BYTES,
              ((m / wide + n / tall) * k * steps + m * n) * element / L2_BYTES)
    if family == "hopper" and not turns:  # nobody multiplies while the result is stored
        one += m * n * element / L2_BYTES
    waves = math.ceil(count / (MULTIPROCESSORS * at_once))
    return math.ceil(count / MULTIPROCESSORS) * one + waves * START


def cost(family, element, tile, stage, shape, **how):
    return sum(cycles(family, element, tile, p, **how) for p in products(stage, shape))


def compiled(path):
    """{(family, stage, dtype): {name: (tile, how)}} of the tiles, and how many variants there are at all."""
    tiles, count = {}, 0
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"MOT_CUDA_(\w+)\((\w+), (\w+), (F32|BF16)(?:, (.*))?\)", line)
        if not match or match[1].startswith("CUBLAS"):
            continue
        count += 1
        family, name, stage, dtype, rest = match.groups()
        values = [int(v) for v in re.findall(r"\b\d+\b", rest or "")]
        if family == "TILED":
            found = tuple(values[:3]), {"stages": 2, "blocks": values[5]}
        elif family == "MMA":
            found = tuple(values[:3]), {"stages": values[5], "blocks": values[6]}
        elif family == "HOPPER":
            found = (*values[:2], 64), {"stages": values[2], "turns": "true" in rest, "cluster": tuple(values[3:5])}
        else:
            continue
        # Nobody has measured yet what sharing gives: tiles with and without it are judged apart.
        kind = "clusters" if max(found[1].get("cluster", (1, 1))) > 1 else "alone"
        tiles.setdefault((family.lower(), stage, dtype, kind), {})[name] = found
    return tiles, count


def good_on(tiles, key):
    """{name: shapes on which it is near the best of its family, stage, type and kind}."""
    family, stage, dtype, _ = key
    element = 2 if dtype == "BF16" else 4
    wins = dict.fromkeys(tiles[key], 0)
    for shape in shapes():
        times = {name: cost(family, element, tile, stage, shape, **how) for name, (tile, how) in tiles[key].items()}
        for name, time in times.items():
            wins[name] += time <= NEAR * min(times.values())
    return wins


def behind_space(tiles, key):
    """Geometric mean and worst of best compiled over best of the space."""
    family, stage, dtype, kind = key
    element = 2 if dtype == "BF16" else 4
    clusters = [c for c in CLUSTERS.get(family, [(1, 1)]) if (max(c) > 1) == (kind == "clusters")]
    ratios = []
    for shape in shapes():
        have = min(cost(family, element, tile, stage, shape, **how) for tile, how in tiles[key].values())
        best = min(cost(family, element, tile, stage, shape, cluster=cluster)
                   for tile in SPACE[family] for cluster in clusters)
        ratios.append(max(1, have / best))
    return math.exp(sum(map(math.log, ratios)) / len(ratios)), max(ratios)


def main():
    named = [a for a in sys.argv[1:] if a != "--space"]
    tiles, count = compiled(pathlib.Path(named[0]) if named else VARIANTS)
    total, useless = len(list(shapes())), []
    for key in tiles:
        print(" ".join(key))
        for name, wins in good_on(tiles, key).items():
            print(f"  {name:44}{wins:4} of {total} shapes")
            useless += [name] if not wins else []
        if "--space" in sys.argv:
            print("  best compiled / best of %d tiles: %.2f, at worst %.2f" % (len(SPACE[key[0]]), *behind_space(tiles, key)))
    print(f"{count} variants are compiled, {MOST} at most")
    for name in useless:
        print(f"{name} is worth nothing on any shape")
    sys.exit(bool(useless) or count > MOST)


main()
