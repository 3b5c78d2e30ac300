#!/usr/bin/env python3
"""Times the layer of libmot against PyTorch (eager, torch.compile) and JAX on the CPU, interleaved in one process.

Weights are cold: copies take turns. What is not installed is skipped with its reason. No part of the build.
usage: peers_python.py [--lib build/release/kernels/libmot.so] [--threads 2] [--rounds 12] [SHAPE...]
"""
import argparse
import ctypes
import math
import os
import re
import sys
import time

from peers_rounds import print_table, turns

DEFAULT_SHAPES = ["g64t32e32d512h2048", "g32t32e32d768h3072", "g4t32e32d768h3072"]
COLD_BYTES = 256 << 20  # the copies of the weights together: more than a last-level cache holds


def parse_arguments():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", default=DEFAULT_SHAPES)
    parser.add_argument("--lib", default=os.path.join(here, "..", "build", "release", "kernels", "libmot.so"))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=12)
    return parser.parse_args()


def bind(threads):
    """Before any library counts the CPUs: each of them finds as many as it may use."""
    cpus = sorted(os.sched_getaffinity(0))
    if threads > len(cpus):
        sys.exit(f"peers_python.py: --threads {threads}: this process may use {len(cpus)} CPUs")
    os.sched_setaffinity(0, cpus[:threads])
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")


class Shape(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("g", "t", "e", "d", "h")]

    @classmethod
    def parse(cls, text):
        match = re.fullmatch(r"g(\d+)t(\d+)e(\d+)d(\d+)h(\d+)", text)
        if not match:
            sys.exit(f"peers_python.py: '{text}' is no shape; write g64t32e32d512h2048")
        return cls(*map(int, match.groups()))


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("threads", ctypes.c_int), ("dtype", ctypes.c_int),
                ("temperature", ctypes.c_float), ("isa", ctypes.c_int)]


class Problem:
    """One input, and as many copies of the weights as are cold in turn."""

    def __init__(self, np, text):
        self.shape = s = Shape.parse(text)
        self.copies = max(2, math.ceil(COLD_BYTES / (8 * s.e * s.d * s.h)))
        random = np.random.default_rng(1)
        self.x = random.standard_normal((s.g, s.t, s.d), dtype=np.float32)
        self.controller = random.standard_normal((s.d, s.e), dtype=np.float32) / np.float32(math.sqrt(s.d))
        self.w1 = random.standard_normal((s.e, s.d, s.h), dtype=np.float32) / np.float32(math.sqrt(s.d))
        self.w2 = random.standard_normal((s.e, s.h, s.d), dtype=np.float32) / np.float32(math.sqrt(s.h))


# ---- contestants: each gives a function of the number of a copy, which returns the output as an array


def libmot(np, p, arguments):
    lib = ctypes.CDLL(os.path.abspath(arguments.lib))
    lib.mot_status_string.restype = ctypes.c_char_p
    options = Options()
    lib.mot_options_default(ctypes.byref(options))
    options.threads = arguments.threads
    pointer = lambda array: ctypes.c_void_p(array.ctypes.data)

    def demand(status):
        if status:
            raise RuntimeError(lib.mot_status_string(status).decode())

    layers = [ctypes.c_void_p() for _ in range(p.copies)]
    for layer in layers:
        demand(lib.mot_layer_create(ctypes.byref(layer), ctypes.byref(p.shape), ctypes.byref(options), None))
        demand(lib.mot_layer_set_weights(layer, pointer(p.controller), pointer(p.w1), pointer(p.w2)))
    out = np.empty_like(p.x)

    def run(copy):
        demand(lib.mot_layer_run(layers[copy], pointer(p.x), pointer(out)))
        return out

    run.free = lambda: [lib.mot_layer_destroy(layer) for layer in layers]
    return {"libmot": run}


def torch_layers(np, p, arguments):
    import torch
    torch.set_num_threads(arguments.threads)
    x, controller = torch.from_numpy(p.x), torch.from_numpy(p.controller)
    weights = [(torch.from_numpy(p.w1).clone(), torch.from_numpy(p.w2).clone()) for _ in range(p.copies)]

    def layer(x, controller, w1, w2):
        weight = torch.softmax(x @ controller, dim=1)
        mixed = torch.bmm(weight.transpose(1, 2), x).transpose(0, 1)
        y = torch.bmm(torch.relu(torch.bmm(mixed, w1)), w2)
        return torch.bmm(weight, y.transpose(0, 1))

    def runner(function):
        def run(copy):
            with torch.inference_mode():
                return function(x, controller, *weights[copy]).numpy()
        return run

    name = f"torch {torch.__version__}"
    return {f"{name} eager": runner(layer), f"{name} compile": runner(torch.compile(layer))}


def jax_layer(np, p, arguments):
    import jax
    import jax.numpy as jnp
    x, controller = jnp.array(p.x), jnp.array(p.controller)
    weights = [(jnp.array(p.w1), jnp.array(p.w2)) for _ in range(p.copies)]

    @jax.jit
    def layer(x, controller, w1, w2):
        weight = jax.nn.softmax(x @ controller, axis=1)
        mixed = jnp.einsum("gte,gtd->egd", weight, x)
        y = jax.nn.relu(mixed @ w1) @ w2
        return jnp.einsum("gte,egd->gtd", weight, y)

    return {f"jax {jax.__version__} jit": lambda copy: np.asarray(layer(x, controller, *weights[copy]).block_until_ready())}


# ---- measuring


def gather(np, p, arguments):
    sides = libmot(np, p, arguments)
    for make in (torch_layers, jax_layer):
        try:
            made = make(np, p, arguments)
        except ImportError as why:
            print(f"{make.__name__}: skipped: {why}", file=sys.stderr)
            continue
        for name, run in made.items():
            try:
                agree(np, name, run(0), sides["libmot"](0))
                sides[name] = run
            except Exception as why:  # a compiler that is missing, a wrong result: say which and go on
                print(f"{name}: skipped: {str(why).strip().splitlines()[0]}", file=sys.stderr)
    return sides


def agree(np, name, theirs, ours):
    distance = np.sqrt(np.mean((theirs - ours) ** 2) / np.mean(ours**2))
    if not distance < 1e-4:
        raise RuntimeError(f"differs from libmot by {distance:.2g} of the rms")


def sample(run, copies, turn):
    """One call unmeasured: the threads of whoever was before go to sleep, and one's own wake up."""
    time.sleep(0.01)
    run((2 * turn) % copies)
    begin = time.perf_counter()
    run((2 * turn + 1) % copies)
    return (time.perf_counter() - begin) * 1e3


def main():
    arguments = parse_arguments()
    bind(arguments.threads)
    try:
        import numpy as np
    except ImportError as why:
        sys.exit(f"peers_python.py: skipped: {why}")
    print(f"{arguments.threads} threads, cold weights, f32; x libmot: their time over ours, paired by round")
    for text in arguments.shapes:
        p = Problem(np, text)
        sides = gather(np, p, arguments)
        times = {name: [] for name in sides}
        for turn, name in turns(sides, arguments.rounds):
            times[name].append(sample(sides[name], p.copies, turn))
        print_table(text, times, "libmot", 3)
        sides["libmot"].free()


if __name__ == "__main__":
    main()
