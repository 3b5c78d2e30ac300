#!/usr/bin/env python3
"""Writes the golden files beside this script: the Mixture of Tokens layer in f64 NumPy.

Written from the authors' formulas (llm-random, continuous_moe.py), not from this project's code: tensors keep the batch and
sequence dimensions, groups are cut along the batch, merge and emit weights are one softmax over the group. The last group of
a batch that is no multiple of the group size has fewer tokens. Inputs are multiples of 1/64, hence exact in f32 and in text.
In bf16 inputs have its 8 bits and what each step stores is rounded; no value is so near a tie that sums in f32 could fall on
its other side.
Kept to show where the numbers come from; the build doesn't run it:  python3 tests/golden/make_golden.py
"""
import json
import pathlib

import numpy as np

CASES = {
    "plain": dict(batch=8, sequence=3, group=4, d_model=8, experts=5, d_expert=6, temperature=1.0, seed=1),
    "temperature": dict(batch=6, sequence=2, group=3, d_model=7, experts=4, d_expert=9, temperature=0.625, seed=2),
    "short_group": dict(batch=11, sequence=2, group=4, d_model=5, experts=6, d_expert=7, temperature=1.5, seed=3),
    "only_short": dict(batch=3, sequence=4, group=5, d_model=6, experts=3, d_expert=4, temperature=1.0, seed=4),
    "one_token": dict(batch=5, sequence=1, group=1, d_model=9, experts=1, d_expert=11, temperature=1.0, seed=5),
    "bf16": dict(batch=11, sequence=2, group=4, d_model=5, experts=6, d_expert=7, temperature=0.625, seed=9, dtype="bf16"),
}


def exact(v):
    return v


def bf16(v):
    """To the nearest multiple of the 7th bit after the first one."""
    step = np.exp2(np.floor(np.log2(np.abs(v), where=v != 0, out=np.zeros_like(v))) - 7)
    assert np.all(np.abs(v / step - np.floor(v / step) - 0.5) > 2e-4), "near a tie: take another seed"
    return np.rint(v / step) * step


def softmax(logits, axis):
    shifted = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def mixture_of_tokens(x, controller, lin1, lin2, group, temperature, store=exact):
    """x (batch, sequence, d_model) -> (weights per group, output as x)."""
    weights, outputs = [], []
    for start in range(0, x.shape[0], group):
        tokens = x[start:start + group]                                           # c s d: the group at every position
        merge_logits = np.einsum("csd,de->sec", tokens, controller)
        merge_weights = store(softmax(merge_logits / temperature, axis=-1))       # over the tokens c of the group
        merged = store(np.einsum("csd,sec->sed", tokens, merge_weights))
        hidden = store(np.maximum(np.einsum("sed,edh->seh", merged, lin1), 0.0))
        processed = store(np.einsum("seh,ehd->sed", hidden, lin2))
        weights.append(merge_weights)
        outputs.append(store(np.einsum("sed,sec->csd", processed, merge_weights)))  # emitted by the same weights
    return weights, np.concatenate(outputs)


def make(name, batch, sequence, group, d_model, experts, d_expert, temperature, seed, dtype="f32"):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        if dtype == "f32":
            return rng.integers(-64, 65, size=shape) / 64.0
        magnitude = rng.integers(128, 256, size=shape) * 2.0 ** -rng.integers(8, 11, size=shape)   # all 8 bits: ties are rare
        return magnitude * rng.choice([-1.0, 1.0], size=shape)

    x, controller = draw(batch, sequence, d_model), 2 * draw(d_model, experts)
    w1, w2 = draw(experts, d_model, d_expert), draw(experts, d_expert, d_model)
    weights, out = mixture_of_tokens(x, controller, w1, w2, group, temperature, bf16 if dtype == "bf16" else exact)
    assert all(np.allclose(w.sum(axis=-1), 1, atol=2**-8 if dtype == "bf16" else 1e-8) for w in weights)
    # P of the library: group n = q*sequence + s, token, expert; short groups end early.
    p = [w[s].T.ravel().tolist() for w in weights for s in range(sequence)]
    case = dict(name=name, batch=batch, sequence=sequence, group_size=group, experts=experts, d_model=d_model,
                d_expert=d_expert, temperature=temperature, x=x.ravel().tolist(), controller=controller.ravel().tolist(),
                w1=w1.ravel().tolist(), w2=w2.ravel().tolist(), p=p, out=out.ravel().tolist())
    path = pathlib.Path(__file__).with_name(name + ".json")
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in case.items())
    path.write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    for case_name, parameters in CASES.items():
        make(case_name, **parameters)
