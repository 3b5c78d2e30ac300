#!/usr/bin/env python3
"""Times the layer of mot_cuda against PyTorch (eager, torch.compile) and Triton on a GPU, interleaved in one process.

Cold: copies of the weights take turns, and L2 is flushed before each sample. What is not installed is skipped with its
reason; exit 77 if that is everything. No part of the build.
usage: peers_gpu.py --lib libmot_cuda.so [--dtype bf16] [--rounds 12] [--device cuda] [SHAPE...]
"""
import argparse
import ctypes
import math
import os
import re
import sys
import time

from peers_rounds import print_table, turns

DEFAULT_SHAPES = ["g8192t32e32d512h2048", "g8192t32e512d512h128", "g8192t32e32d512h128"]
SKIPPED = 77
FAR = {"f32": 2e-3, "bf16": 2e-2}  # of the rms: PyTorch may multiply f32 in TF32, and stores bf16 between all stages


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", default=DEFAULT_SHAPES)
    parser.add_argument("--lib", required=True)
    parser.add_argument("--dtype", choices=("f32", "bf16"), default="bf16")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--device", default="cuda", help="cpu: for a module of tests, whose device is host memory")
    return parser.parse_args()


def skip(reason):
    print(f"SKIP: peers_gpu.py: {reason}")
    sys.exit(SKIPPED)


def find_torch(device):
    try:
        import torch
    except ImportError as why:
        skip(why)
    if device == "cuda" and not torch.cuda.is_available():
        skip(f"PyTorch {torch.__version__} sees no GPU")
    return torch


class Shape(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("g", "t", "e", "d", "h")]

    @classmethod
    def parse(cls, text):
        match = re.fullmatch(r"g(\d+)t(\d+)e(\d+)d(\d+)h(\d+)", text)
        if not match:
            sys.exit(f"peers_gpu.py: '{text}' is no shape; write g8192t32e32d512h2048")
        return cls(*map(int, match.groups()))


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("device", ctypes.c_int), ("dtype", ctypes.c_int),
                ("tf32", ctypes.c_int), ("temperature", ctypes.c_float), ("unverified", ctypes.c_int),
                ("profile", ctypes.c_void_p)]


class Problem:
    """One input on the device, and as many copies of the weights as overflow its L2 three times."""

    def __init__(self, torch, text, arguments):
        self.shape = s = Shape.parse(text)
        self.device, self.name = arguments.device, arguments.dtype
        dtype = torch.bfloat16 if self.name == "bf16" else torch.float32
        torch.manual_seed(1)
        make = lambda *size, scale=1: (torch.randn(*size, device=self.device) * scale).to(dtype)
        self.x = make(s.g, s.t, s.d)
        self.controller = make(s.d, s.e, scale=s.d**-0.5)
        weights = make(s.e, s.d, s.h, scale=s.d**-0.5), make(s.e, s.h, s.d, scale=s.h**-0.5)
        self.l2 = torch.cuda.get_device_properties(0).L2_cache_size if self.device == "cuda" else 1 << 20
        copies = max(2, math.ceil(3 * self.l2 / sum(w.nbytes for w in weights)))
        self.weights = [weights] + [tuple(w.clone() for w in weights) for _ in range(copies - 1)]


# ---- contestants: each gives {name: function of the number of a copy, which returns the output}


def mot_cuda(torch, p, arguments):
    lib = ctypes.CDLL(arguments.lib)
    lib.mot_cuda_layer_destroy.restype = None
    options = Options()
    lib.mot_cuda_options_default(ctypes.byref(options))
    options.dtype, options.unverified = int(p.name == "bf16"), 1
    stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream if p.device == "cuda" else None)
    pointer = lambda tensor: ctypes.c_void_p(tensor.data_ptr())

    def demand(status):
        if status:
            raise RuntimeError(f"mot_cuda: status {status}")

    layers = [ctypes.c_void_p() for _ in p.weights]
    for layer, (w1, w2) in zip(layers, p.weights):
        demand(lib.mot_cuda_layer_create(ctypes.byref(layer), ctypes.byref(p.shape), ctypes.byref(options)))
        demand(lib.mot_cuda_layer_set_weights(layer, pointer(p.controller), pointer(w1), pointer(w2), stream))
    out = torch.empty_like(p.x)

    def run(copy):
        demand(lib.mot_cuda_layer_run(layers[copy], pointer(p.x), pointer(out), stream))
        return out

    run.free = lambda: [lib.mot_cuda_layer_destroy(layer) for layer in layers]
    return {"mot_cuda": run}


def composed(torch, experts):
    """The layer of batched products, its experts as given."""

    def layer(x, controller, w1, w2):
        weight = torch.softmax(x @ controller, dim=1)
        y = experts(torch.bmm(weight.transpose(1, 2), x).transpose(0, 1), w1, w2)
        return torch.bmm(weight, y.transpose(0, 1))

    return layer


def runner(torch, p, layer):
    def run(copy):
        with torch.inference_mode():
            return layer(p.x, p.controller, *p.weights[copy])

    return run


def pytorch(torch, p, arguments):
    layer = composed(torch, lambda mixed, w1, w2: torch.bmm(torch.relu(torch.bmm(mixed, w1)), w2))
    name = f"torch {torch.__version__}"
    return {f"{name} eager": runner(torch, p, layer), f"{name} compile": runner(torch, p, torch.compile(layer))}


def triton_experts(torch, p, arguments):
    """relu in the epilogue of a batched product, tiles as in Triton's tutorial; the other stages are PyTorch's."""
    import triton
    import triton.language as tl
    if p.device != "cuda" and os.environ.get("TRITON_INTERPRET") != "1":
        raise ImportError("Triton needs a GPU; TRITON_INTERPRET=1 computes f32 without one, slowly")
    if p.device != "cuda" and p.name == "bf16":
        raise ImportError("Triton's interpreter multiplies bf16 wrongly")
    tiles = ((64, 64, 4, 4), (128, 128, 4, 4), (128, 128, 8, 3), (128, 256, 8, 3))
    configs = [triton.Config({"BM": m, "BN": n, "BK": 64}, num_warps=w, num_stages=s) for m, n, w, s in tiles]

    @triton.autotune(configs if p.device == "cuda" else configs[:1], key=["m", "n", "k"])
    @triton.jit
    def product(a, b, c, m, n, k, step_a, ld_a, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
                RELU: tl.constexpr):
        batch = tl.program_id(2).to(tl.int64)
        rows, columns, inner = tl.program_id(0) * BM + tl.arange(0, BM), tl.program_id(1) * BN + tl.arange(0, BN), tl.arange(0, BK)
        sums = tl.zeros((BM, BN), tl.float32)
        for at in range(0, k, BK):
            left = tl.load(a + batch * step_a + rows[:, None].to(tl.int64) * ld_a + at + inner[None, :],
                           mask=(rows[:, None] < m) & (at + inner[None, :] < k), other=0)
            right = tl.load(b + batch * k * n + (at + inner[:, None]).to(tl.int64) * n + columns[None, :],
                            mask=(at + inner[:, None] < k) & (columns[None, :] < n), other=0)
            sums = tl.dot(left, right, sums)
        if RELU:
            sums = tl.maximum(sums, 0)
        tl.store(c + batch * m * n + rows[:, None].to(tl.int64) * n + columns[None, :],
                 sums.to(c.dtype.element_ty), mask=(rows[:, None] < m) & (columns[None, :] < n))

    def multiply(a, b, relu):
        (e, m, k), n = a.shape, b.shape[2]
        c = torch.empty(e, m, n, device=a.device, dtype=a.dtype)
        grid = lambda meta: (triton.cdiv(m, meta["BM"]), triton.cdiv(n, meta["BN"]), e)
        product[grid](a, b, c, m, n, k, a.stride(0), a.stride(1), RELU=relu)
        return c

    layer = composed(torch, lambda mixed, w1, w2: multiply(multiply(mixed, w1, True), w2, False))
    return {f"triton {triton.__version__} experts": runner(torch, p, layer)}


def gather(torch, p, arguments):
    sides = mot_cuda(torch, p, arguments)
    for make in (pytorch, triton_experts):
        try:
            made = make(torch, p, arguments)
        except ImportError as why:
            print(f"{make.__name__}: SKIP: {why}")
            continue
        for name, run in made.items():
            try:
                agree(name, run(0), sides["mot_cuda"](0), FAR[p.name])
                sides[name] = run
            except Exception as why:  # a compiler that is missing, no memory, a wrong result: say which and go on
                print(f"{name}: SKIP: {str(why).strip().splitlines()[0]}")
    return sides


def agree(name, theirs, ours, far):
    distance = ((theirs.double() - ours.double()).square().mean() / ours.double().square().mean()).sqrt().item()
    if not distance < far:
        raise RuntimeError(f"differs from mot_cuda by {distance:.2g} of the rms")


# ---- measuring


class Clock:
    """Milliseconds of queued work, after a flush of L2."""

    def __init__(self, torch, p):
        self.torch, self.cuda = torch, p.device == "cuda"
        self.flush = torch.empty(2 * p.l2, dtype=torch.uint8, device=p.device)
        if self.cuda:
            self.begin, self.end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def take(self, work):
        self.flush.zero_()
        if not self.cuda:
            begin = time.perf_counter()
            work()
            return (time.perf_counter() - begin) * 1e3
        self.begin.record()
        work()
        self.end.record()
        self.torch.cuda.synchronize()
        return self.begin.elapsed_time(self.end)


def sample(clock, run, copies):
    def work():
        for copy in range(copies):
            run(copy)

    run(copies - 1)
    return clock.take(work) / copies


def main():
    arguments = parse_arguments()
    torch = find_torch(arguments.device)
    where = torch.cuda.get_device_name(0) if arguments.device == "cuda" else "host memory"
    print(f"{where}, cold weights, {arguments.dtype}; x mot_cuda: their time over ours, paired by round")
    for text in arguments.shapes:
        p = Problem(torch, text, arguments)
        sides, clock = gather(torch, p, arguments), Clock(torch, p)
        times = {name: [] for name in sides}
        for turn, name in turns(sides, arguments.rounds):
            times[name].append(sample(clock, sides[name], len(p.weights)))
        print_table(text, times, "mot_cuda", 4)
        sides["mot_cuda"].free()


if __name__ == "__main__":
    main()
