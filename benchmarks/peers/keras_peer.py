"""Keras on TensorFlow: its layers and optimizers, an epoch as one tf.function over arrays in memory."""

import os
from functools import cached_property

from serve import BATCH

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
from keras import layers


def make(network: str) -> keras.Model:
    """The same network as in helpers.networks, without its softmax; images are (28, 28, 1)."""
    parts = [layers.Input((28, 28, 1))]
    if network == "mlp":
        parts += [layers.Flatten(), layers.Dense(128, "relu"), layers.Dense(64, "relu")]
    elif network == "lenet":
        parts += [layers.Conv2D(20, 5, activation="tanh"), layers.MaxPooling2D()]
        parts += [layers.Conv2D(50, 5, activation="tanh"), layers.MaxPooling2D()]
        parts += [layers.Flatten(), layers.Dense(500, "tanh")]
    else:
        for filters in (32, 64, 128):
            convolution = layers.Conv2D(filters, 3, padding="same", activation="relu")
            parts += [convolution, layers.MaxPooling2D(), layers.Dropout(0.3)]
        parts += [layers.Flatten(), layers.Dense(625, "relu"), layers.Dropout(0.3)]
    return keras.Sequential([*parts, layers.Dense(10)])


class Peer:
    batch_sizes = (100, 1000)

    def __init__(self, network: str, form: str, data: dict):
        keras.utils.set_random_seed(0)
        self.versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
        self.images = tf.constant(data["train_images"].reshape(-1, 28, 28, 1))
        self.labels = tf.constant(data["train_labels"])
        self.model = make(network)
        adam = network == "dropout-cnn"
        self.optimizer = keras.optimizers.Adam(0.001) if adam else keras.optimizers.SGD(0.1)
        self.optimizer.build(self.model.trainable_variables)
        self.probabilities = tf.function(
            lambda x: tf.nn.softmax(self.model(x, training=False)),
            input_signature=[tf.TensorSpec((None, 28, 28, 1), tf.float32)],
        )

    def train(self, session) -> None:
        total = len(self.labels) // BATCH * BATCH
        while session.go():
            session.done(int(self.epoch(tf.random.shuffle(tf.range(len(self.labels)))[:total])) / total)

    # As one graph, since model.fit does the same steps with Python between them.
    @tf.function
    def epoch(self, order):
        """Train once on the images of `order`; how many were read right."""
        hits, variables = tf.constant(0, tf.int64), self.model.trainable_variables
        for i in tf.range(tf.size(order) // BATCH):
            chosen = order[i * BATCH : (i + 1) * BATCH]
            x = tf.ensure_shape(tf.gather(self.images, chosen), (BATCH, 28, 28, 1))
            y = tf.gather(self.labels, chosen)
            with tf.GradientTape() as tape:
                logits = self.model(x, training=True)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            hits += tf.math.count_nonzero(tf.argmax(logits, 1) == y)
        return hits

    def predict(self, images):
        return self.probabilities(tf.constant(images.reshape(-1, 28, 28, 1))).numpy()

    @cached_property
    def answerers(self) -> dict:
        return {"tf.function": (lambda image: self.predict(image)[0], self.predict)}
