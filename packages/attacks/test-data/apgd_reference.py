"""Writes apgd_reference.json: what Auto-PGD gives for a small dense network, from the clean input.

Run with `python3 apgd_reference.py` (NumPy only, double precision). Written after the papers, one sample at a time and
with sorting where the package bisects: Croce and Hein 2020, algorithm 1, with its checkpoints and both conditions, for
linf and l2; Croce and Hein 2021 ("Mind the box"), algorithm 1, with the constants of its appendix, for l1, also in its
three stages. The loss is log(sum of exp(z_i), i other than y) - z_y.
"""

import json
import math
import pathlib
from fractions import Fraction

import numpy as np

rng = np.random.default_rng(20200303)
ROWS, SIZE, HIDDEN, CLASSES = 6, 12, 7, 5


def as_float32(array):
    """The values that float32 code will work with, exactly."""
    return np.asarray(array, dtype=np.float32).astype(np.float64)


w1 = as_float32(rng.normal(size=(SIZE, HIDDEN)) / 2)
b1 = as_float32(rng.normal(size=HIDDEN))
w2 = as_float32(rng.normal(size=(HIDDEN, CLASSES)) * 2)


def evaluate(x, y):
    """Loss, its gradient, and whether the prediction is wrong."""
    hidden = np.tanh(x @ w1 + b1)
    z = hidden @ w2
    others = np.delete(z, y)
    p = np.exp(z - others.max())
    p[y] = 0
    loss = others.max() + math.log(p.sum()) - z[y]
    back = p / p.sum()
    back[y] -= 1
    return loss, ((back @ w2.T) * (1 - hidden**2)) @ w1.T, z.argmax() != y


def l1_projection(x, d, epsilon):
    """The nearest d' with |d'|_1 <= epsilon and 0 <= x + d' <= 1: the threshold lies between two breakpoints."""
    room = np.where(d > 0, 1 - x, x)
    kept = lambda t: np.minimum(np.maximum(np.abs(d) - t, 0), room)
    if kept(0).sum() <= epsilon:
        return np.sign(d) * kept(0)
    breaks = np.unique(np.concatenate([[0], np.abs(d), np.maximum(np.abs(d) - room, 0)]))
    lengths = np.array([kept(t).sum() for t in breaks])
    last = np.nonzero(lengths > epsilon)[0][-1]
    a, b, fa, fb = breaks[last], breaks[last + 1], lengths[last], lengths[last + 1]
    return np.sign(d) * kept(a + (fa - epsilon) / (fa - fb) * (b - a))


def project(x, d, norm, epsilon):
    if norm == "l1":
        return l1_projection(x, d, epsilon)
    if norm == "linf":
        d = np.clip(d, -epsilon, epsilon)
    else:
        d = d * min(1, epsilon / max(np.linalg.norm(d), 1e-12))
    return np.clip(x + d, 0, 1) - x


def checkpoints(steps):
    p = [Fraction(0), Fraction(22, 100)]
    while p[-1] <= 1:
        p.append(p[-1] + max(p[-1] - p[-2] - Fraction(3, 100), Fraction(6, 100)))
    return [math.ceil(q * steps) for q in p[1:-1]]


def ascent(x, y, norm, epsilon, steps, rho, start):
    d, previous = start, start
    loss, gradient, wrong = evaluate(x + d, y)
    best = (loss, d, gradient)
    found = d if wrong else None
    losses, step, halved, best_before, last_look = [], 2 * epsilon, True, loss, 0
    rises = 0
    for k in range(1, steps + 1):
        direction = np.sign(gradient) if norm == "linf" else gradient / max(np.linalg.norm(gradient), 1e-12)
        z = project(x, d + step * direction, norm, epsilon)
        alpha = 1 if k == 1 else 0.75
        d, previous = project(x, d + alpha * (z - d) + (1 - alpha) * (d - previous), norm, epsilon), d
        before = loss
        loss, gradient, wrong = evaluate(x + d, y)
        rises += loss > before
        if wrong:
            found = d
        if loss > best[0]:
            best = (loss, d, gradient)
        if k in checkpoints(steps):
            halve = rises < rho * (k - last_look) or (not halved and best[0] == best_before)
            if halve:
                step /= 2
                loss, d, gradient = best
            halved, best_before, last_look, rises = halve, best[0], k, 0
    return found if found is not None else best[1], best[1]


def sparse_ascent(x, y, epsilon, steps, start, chosen):
    d = start
    loss, gradient, wrong = evaluate(x + d, y)
    best = (loss, d, gradient)
    found = d if wrong else None
    support = np.sum(np.abs(d) > 1e-6 * epsilon) if chosen else SIZE
    count = max(2 * support // 3, 1) if chosen else int(0.2 * SIZE)
    step = epsilon
    for k in range(1, steps + 1):
        # Entries at the end of the range are pushed against it beside the `count` others: ours.
        stuck = np.where(gradient > 0, 1 - x - d, x + d) <= 1e-6 * epsilon
        size = np.abs(gradient) * ~stuck
        threshold = np.sort(size)[-count]
        moved = np.sign(gradient) * (np.abs(gradient) >= threshold)
        d = l1_projection(x, d + step * moved / max(np.sum((size >= threshold) & (size > 0)), 1), epsilon)
        loss, gradient, wrong = evaluate(x + d, y)
        if wrong:
            found = d
        if loss > best[0]:
            best = (loss, d, gradient)
        if k % max(int(0.04 * steps), 1) == 0:
            now = np.sum(np.abs(best[1]) > 1e-6 * epsilon)
            if now < 0.95 * support:
                step = epsilon
                loss, d, gradient = best
            else:
                step = max(step / 1.5, epsilon / 10)
            support, count = now, max(2 * now // 3, 1)
    return found if found is not None else best[1], best[1]


def attack(x, y, norm, epsilon, steps, rho, stages):
    start = np.zeros(SIZE)
    if norm != "l1":
        return ascent(x, y, norm, epsilon, steps, rho, start)[0]
    if not stages:
        return sparse_ascent(x, y, epsilon, steps, start, False)[0]
    early = 3 * steps // 10
    for i, (factor, count) in enumerate([(3, early), (2, early), (1, steps - 2 * early)]):
        start = l1_projection(x, start, factor * epsilon)
        result, start = sparse_ascent(x, y, factor * epsilon, count, start, i > 0)
    return result


x = as_float32(rng.uniform(size=(ROWS, SIZE)))
x[0, :4] = [0, 1, 0, 1]
labels = (np.tanh(x @ w1 + b1) @ w2).argmax(1)
runs = []
for norm, epsilon, steps, rho, stages in [
    ("linf", 0.1, 30, 0.75, False),
    ("linf", 0.5, 100, 0.75, False),
    ("l2", 0.25, 30, 0.75, False),
    ("l2", 1.2, 100, 0.9, False),
    ("l1", 1.5, 25, 0.75, False),
    ("l1", 3, 50, 0.75, True),
]:
    results = [attack(x[i], labels[i], norm, epsilon, steps, rho, stages) for i in range(ROWS)]
    print(norm, epsilon, sum(evaluate(x[i] + results[i], labels[i])[2] for i in range(ROWS)), "of", ROWS, "fooled")
    result = (x + results).ravel().tolist()
    runs.append(dict(norm=norm, epsilon=epsilon, steps=steps, rho=rho, multiEpsilon=stages, result=result))

case = dict(
    weights={
        name: dict(shape=w.shape, values=w.ravel().tolist()) for name, w in {"w1": w1, "b1": b1, "w2": w2}.items()
    },
    shape=x.shape,
    x=x.ravel().tolist(),
    labels=labels.tolist(),
    runs=runs,
)
rounded = json.loads(json.dumps(case), parse_float=lambda text: float(f"{float(text):.9g}"))
pathlib.Path(__file__).with_name("apgd_reference.json").write_text(json.dumps(rounded, separators=(",", ":")) + "\n")
