#!/usr/bin/env python3
"""Records which CUDA kernels have passed their check on a real GPU.

usage: cuda_verified.py SAMPLES.jsonl... [--write]

Reads sample files of `motbench check --filter cuda`, prints the lines of kernels/cuda/verified.def that follow from
them, and with --write puts them there in place of older ones. A kernel is recorded if all its checks passed in a
complete run, on at least 50 shapes, on a device that is one.
"""
import json
import pathlib
import sys

RECORDS = pathlib.Path(__file__).resolve().parent.parent / "kernels/cuda/verified.def"
LEAST_SHAPES = 50


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def device_of(path, lines):
    """The GPU's name and the date; exits where the file proves nothing."""
    gpu, end = lines[0].get("gpu", {}), lines[-1]
    if not gpu.get("kernels"):
        sys.exit(f"{path}: no GPU: {gpu.get('kernels_reason')}")
    if not gpu.get("real"):
        sys.exit(f"{path}: '{gpu.get('device')}' is a module of tests: it verifies nothing")
    if end.get("type") != "end" or not end.get("complete"):
        sys.exit(f"{path}: the run did not end: it verifies nothing")
    return gpu["device"].replace('"', "'"), lines[0]["time"][:10]


def passes(lines):
    """{(name, source)} of the kernels that passed everything, knobs included."""
    seen = {}
    for line in lines:
        if line.get("type") == "check" and "source" in line and line["verdict"] != "SKIP":
            key = line["choice"].split("{")[0], line["source"]
            shapes, good = seen.setdefault(key, (set(), []))
            shapes.add(line["shape"])
            good.append(line["verdict"] == "PASS")
    return {key for key, (shapes, good) in seen.items() if all(good) and len(shapes) >= LEAST_SHAPES}


def write(records):
    old = RECORDS.read_text(encoding="utf-8").splitlines()
    kept = [l for l in old if not any(l.startswith(f"MOT_CUDA_VERIFIED({name},") for name in records)]
    RECORDS.write_text("\n".join(kept + list(records.values())) + "\n", encoding="utf-8")


def main():
    records = {}
    for path in [a for a in sys.argv[1:] if a != "--write"]:
        lines = lines_of(path)
        device, date = device_of(path, lines)
        for name, source in sorted(passes(lines)):
            records[name] = f'MOT_CUDA_VERIFIED({name}, "{source}", "{device}", "{date}")'
    if not records:
        sys.exit("no kernel passed everything")
    print("\n".join(records.values()))
    if "--write" in sys.argv:
        write(records)


main()
