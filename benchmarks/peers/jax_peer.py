"""JAX: one jitted step for each batch, with lax.conv and optimizers written out."""

from functools import cached_property, partial

import jax
import jax.numpy as jnp
import numpy as np
from serve import BATCH

KEEP = 0.7  # 1 - dropout
# By network: convolutions (size, filters, padding), the values that reach the first dense layer, the dense layers.
SHAPES = {
    "mlp": ([], 784, [128, 64, 10], jax.nn.relu),
    "lenet": ([(5, 20, "VALID"), (5, 50, "VALID")], 800, [500, 10], jnp.tanh),
    "dropout-cnn": ([(3, 32, "SAME"), (3, 64, "SAME"), (3, 128, "SAME")], 1152, [625, 10], jax.nn.relu),
}


def make(network: str) -> list:
    """Xavier's weights and zeros, a pair for each layer."""
    convolutions, inputs, dense, _ = SHAPES[network]
    rng, parameters, channels = np.random.default_rng(0), [], 1
    for size, filters, _ in convolutions:
        bound = np.sqrt(6 / (size * size * (channels + filters)))
        weight = rng.uniform(-bound, bound, (size, size, channels, filters))
        parameters.append((jnp.asarray(weight, jnp.float32), jnp.zeros(filters)))
        channels = filters
    for outputs in dense:
        bound = np.sqrt(6 / (inputs + outputs))
        weight = rng.uniform(-bound, bound, (inputs, outputs))
        parameters.append((jnp.asarray(weight, jnp.float32), jnp.zeros(outputs)))
        inputs = outputs
    return parameters


def logits_of(network: str, parameters: list, x, key=None):
    """Logits of images (N, 28, 28, 1); with `key` dropout is on."""
    convolutions, _, dense, activation = SHAPES[network]
    drops = network == "dropout-cnn" and key is not None
    keys = iter(jax.random.split(key, len(parameters))) if drops else None

    def drop(x):
        return jnp.where(jax.random.bernoulli(next(keys), KEEP, x.shape), x / KEEP, 0) if drops else x

    for (_, _, padding), (weight, bias) in zip(convolutions, parameters, strict=False):
        x = jax.lax.conv_general_dilated(x, weight, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        n, height, width, channels = x.shape
        half = height // 2, width // 2
        # The maximum over an axis, since XLA's gradient of reduce_window is slow on a CPU.
        x = activation(x + bias)[:, : 2 * half[0], : 2 * half[1]].reshape(n, half[0], 2, half[1], 2, channels)
        x = drop(x.max((2, 4)))
    x = x.reshape(len(x), -1)
    for i, (weight, bias) in enumerate(parameters[len(convolutions) :], 1):
        x = x @ weight + bias
        if i < len(dense):
            x = drop(activation(x))
    return x


class Peer:
    batch_sizes = (100, 1000)

    def __init__(self, network: str, form: str, data: dict):
        self.network = network
        self.versions = {"jax": jax.__version__}
        self.images = jnp.asarray(data["train_images"].reshape(-1, 28, 28, 1))
        self.labels = jnp.asarray(data["train_labels"], jnp.int32)
        self.parameters = make(network)
        zeros = jax.tree.map(jnp.zeros_like, self.parameters)
        adam = network == "dropout-cnn"
        self.state = (zeros, jax.tree.map(jnp.copy, zeros)) if adam else ()
        self.key, self.count, self.rng = jax.random.key(0, impl="rbg"), 0, np.random.default_rng(0)
        self.step = jax.jit(partial(self.one_step, network), donate_argnums=(0, 1, 2))
        self.probabilities = jax.jit(lambda parameters, x: jax.nn.softmax(logits_of(network, parameters, x)))

    @staticmethod
    def one_step(network, parameters, state, hits, images, labels, chosen, key, count):
        x, y = images[chosen], labels[chosen]

        def loss_of(parameters):
            logits = logits_of(network, parameters, x, jax.random.fold_in(key, count))
            return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1).mean(), logits

        slopes, logits = jax.grad(loss_of, has_aux=True)(parameters)
        hits += (logits.argmax(1) == y).sum()
        if not state:
            return jax.tree.map(lambda p, g: p - 0.1 * g, parameters, slopes), state, hits
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state[0], slopes)
        square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state[1], slopes)
        rate = 0.001 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        moved = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), parameters, mean, square)
        return moved, (mean, square), hits

    def train(self, session) -> None:
        while session.go():
            session.done(self.epoch())

    def epoch(self) -> float:
        """Train once on all full batches; the share of hits."""
        order, hits = self.rng.permutation(len(self.images)).astype(np.int32), jnp.zeros((), jnp.int32)
        total = len(order) // BATCH * BATCH
        for i in range(0, total, BATCH):
            self.count += 1
            arrays = self.images, self.labels, order[i : i + BATCH], self.key, np.float32(self.count)
            self.parameters, self.state, hits = self.step(self.parameters, self.state, hits, *arrays)
        jax.block_until_ready(self.parameters)
        return int(hits) / total

    def predict(self, images):
        return np.asarray(self.probabilities(self.parameters, images.reshape(-1, 28, 28, 1)))

    @cached_property
    def answerers(self) -> dict:
        return {"jit": (lambda image: self.predict(image)[0], self.predict)}
