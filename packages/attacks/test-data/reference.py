"""Writes reference.json: what FGSM, BIM, MI-FGSM and PGD give for a small dense network and a small convolutional one.

Run with `python3 reference.py` (NumPy, double precision). The gradients are written out by hand and the attacks
follow the definitions of torchattacks (FGSM, BIM, MIFGSM, PGD, PGDL2 with random_start=False) and Foolbox
(LinfFastGradientAttack, L2FastGradientAttack, the basic iterative and the projected gradient descent attacks), which
agree on them:

  linf  x <- clip(x0 + clip(x + a sign(g) - x0, -e, e), 0, 1)
  l2    x <- clip(x0 + p(x + a g / |g| - x0), 0, 1),  p(d) = d min(1, e / |d|), |.| over a whole sample

with g the gradient of the cross-entropy, summed over the batch. MI-FGSM follows m <- decay m + g / mean(abs(g)), as in
torchattacks, in the place of g; the paper divides by the sum of the sizes, which gives m another scale only.

Where PyTorch can be imported, the same attacks are run once more with its gradients in double precision, and the
script fails if a result is more than 1e-12 away.
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(20240719)
ROWS, CLASSES = 4, 5


def softmax_gradient(logits, labels):
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p


class Dense:
    """tanh(x W1 + b1) W2 + b2 over flattened samples of shape [3, 4]."""

    shape = (3, 4)

    def __init__(self):
        self.w1, self.b1 = rng.normal(size=(12, 7)) / 2, rng.normal(size=7)
        self.w2, self.b2 = rng.normal(size=(7, CLASSES)), rng.normal(size=CLASSES)

    def logits(self, x):
        self.hidden = np.tanh(x.reshape(len(x), -1) @ self.w1 + self.b1)
        return self.hidden @ self.w2 + self.b2

    def gradient(self, x, labels):
        back = softmax_gradient(self.logits(x), labels) @ self.w2.T
        return ((back * (1 - self.hidden**2)) @ self.w1.T).reshape(x.shape)

    def weights(self):
        return {"w1": self.w1, "b1": self.b1, "w2": self.w2, "b2": self.b2}


class Convolutional:
    """A 3x3 'valid' convolution of [5, 5, 2] to 3 channels, softplus, mean over space, a dense layer."""

    shape = (5, 5, 2)

    def __init__(self):
        self.kernel = rng.normal(size=(3, 3, 2, 3)) / 2
        self.w = rng.normal(size=(3, CLASSES)) * 3

    def logits(self, x):
        self.before = np.zeros((len(x), 3, 3, 3))
        for i in range(3):
            for j in range(3):
                self.before += x[:, i : i + 3, j : j + 3] @ self.kernel[i, j]
        return np.logaddexp(0, self.before).mean((1, 2)) @ self.w

    def gradient(self, x, labels):
        back = softmax_gradient(self.logits(x), labels) @ self.w.T
        back = back[:, None, None, :] / 9 / (1 + np.exp(-self.before))
        gradient = np.zeros_like(x)
        for i in range(3):
            for j in range(3):
                gradient[:, i : i + 3, j : j + 3] += back @ self.kernel[i, j].T
        return gradient

    def weights(self):
        return {"kernel": self.kernel, "w": self.w}



def attack(gradient_of, x0, labels, norm, epsilon, step, steps, decay):
    x = x0.copy()
    spread = (-1,) + (1,) * (x0.ndim - 1)
    length = lambda d: np.sqrt((d.reshape(len(d), -1) ** 2).sum(1)).reshape(spread)
    momentum = np.zeros_like(x0)
    for _ in range(steps):
        g = gradient_of(x, labels)
        if decay:
            g = g / np.abs(g).reshape(len(g), -1).mean(1).reshape(spread) + decay * momentum
            momentum = g
        if norm == "linf":
            delta = np.clip(x + step * np.sign(g) - x0, -epsilon, epsilon)
        else:
            delta = x + step * g / np.maximum(length(g), 1e-12) - x0
            delta *= np.minimum(1, epsilon / np.maximum(length(delta), 1e-12))
        x = np.clip(x0 + delta, 0, 1)
    return x


def torch_gradient(network):
    """The gradient by PyTorch's own operations and backward pass; None where PyTorch is not installed."""
    try:
        import torch
    except ImportError:
        return None
    w = {name: torch.tensor(value) for name, value in network.weights().items()}

    def logits(x):
        if isinstance(network, Dense):
            return torch.tanh(x.flatten(1) @ w["w1"] + w["b1"]) @ w["w2"] + w["b2"]
        features = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), w["kernel"].permute(3, 2, 0, 1))
        return torch.nn.functional.softplus(features).mean((2, 3)) @ w["w"]

    def gradient(x, labels):
        at = torch.tensor(x, requires_grad=True)
        torch.nn.functional.cross_entropy(logits(at), torch.tensor(labels), reduction="sum").backward()
        return at.grad.numpy()

    return gradient


def as_float32(array):
    """The values that float32 code will work with, exactly."""
    return np.asarray(array, dtype=np.float32).astype(np.float64)


cases = []
for network in [Dense(), Convolutional()]:
    for name, value in network.weights().items():
        setattr(network, name, as_float32(value))
    x = as_float32(rng.uniform(size=(ROWS, *network.shape)))
    x[0].flat[:4] = [0, 1, 0, 1]
    labels = network.logits(x).argmax(1)
    labels[-1] = (labels[-1] + 1) % CLASSES
    runs = []
    torch_gradient_of = torch_gradient(network)
    for name, norm, epsilon, step, steps, decay in [
        ("fgsm", "linf", 8 / 255, 8 / 255, 1, 0),
        ("fgsm", "l2", 0.3, 0.3, 1, 0),
        ("bim", "linf", 4 / 255, 1 / 255, 5, 0),
        ("mifgsm", "linf", 8 / 255, 2 / 255, 5, 1),
        ("mifgsm", "linf", 0.2, 0.02, 10, 0.5),
        ("pgd", "linf", 8 / 255, 2 / 255, 10, 0),
        ("pgd", "l2", 0.3, 0.1, 10, 0),
    ]:
        result = attack(network.gradient, x, labels, norm, epsilon, step, steps, decay)
        if torch_gradient_of:
            assert np.abs(attack(torch_gradient_of, x, labels, norm, epsilon, step, steps, decay) - result).max() < 1e-12
        runs.append(
            dict(
                attack=name,
                norm=norm,
                epsilon=epsilon,
                step=step,
                steps=steps,
                decay=decay,
                result=result.ravel().tolist(),
            )
        )
    cases.append(
        dict(
            network=type(network).__name__,
            shape=x.shape,
            weights={name: dict(shape=w.shape, values=w.ravel().tolist()) for name, w in network.weights().items()},
            x=x.ravel().tolist(),
            labels=labels.tolist(),
            logits=network.logits(x).ravel().tolist(),
            runs=runs,
        )
    )

rounded = json.loads(json.dumps(cases), parse_float=lambda text: float(f"{float(text):.9g}"))
pathlib.Path(__file__).with_name("reference.json").write_text(json.dumps(rounded, separators=(",", ":")) + "\n")
