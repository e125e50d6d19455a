"""MXNet: one call of Module.fit for all epochs in plain code, with the project's recipes, devices and classifier."""

import logging
from contextlib import suppress
from functools import cached_property
from types import SimpleNamespace

from serve import BATCH

import helpers  # noqa: F401  has to come before mxnet
from helpers.classifier import Classifier
from helpers.networks import NETWORKS, faster
from helpers.training import RECIPES, devices

import mxnet as mx

ENOUGH = 10**6  # epochs; the driver ends the training long before


class Peer:
    batch_sizes = (None,)  # Classifier.probabilities_of makes batches itself

    def __init__(self, network: str, form: str, data: dict):
        self.network, self.params = network, None
        self.split = SimpleNamespace(images=data["train_images"], labels=data["train_labels"])
        self.versions = {"mxnet": mx.__version__}

    def train(self, session) -> None:
        recipe, metric = RECIPES[self.network], mx.metric.create("acc")
        contexts = [mx.cpu()] if recipe.small else devices("cpu")
        module = mx.mod.Module(faster(NETWORKS[self.network]()), context=contexts, logger=logging.getLogger(__name__))

        def epoch_end(epoch, symbol, arg_params, aux_params):
            self.params = arg_params
            mx.nd.waitall()
            session.done(metric.get()[1])
            if not session.go():
                raise StopTraining

        if not session.go():
            return
        with suppress(StopTraining):
            module.fit(
                mx.io.NDArrayIter(self.split.images, self.split.labels, BATCH, shuffle=True),
                eval_metric=metric,
                num_epoch=ENOUGH,
                optimizer=recipe.optimizer,
                optimizer_params={"learning_rate": recipe.learning_rate},
                initializer=recipe.initializer,
                epoch_end_callback=epoch_end,
            )

    def predict(self, images):
        return Classifier(self.network, self.params).probabilities_of(images)

    @cached_property
    def answerers(self) -> dict:
        classifier = Classifier(self.network, self.params)
        return {"Classifier": (classifier.probabilities, classifier.probabilities_of)}


class StopTraining(Exception):
    """Leaves Module.fit, which knows no other way to stop between two epochs."""
