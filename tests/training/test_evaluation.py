"""Predictions and accuracy of a bound module on any number of images."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from helpers.base.errors import DigitsError
from helpers.networks.symbols import NETWORKS, dropout_cnn, mlp, probabilities
from helpers.training.batches import ShortLastBatch
from helpers.training.evaluation import accuracy, predict

import mxnet as mx

WEIGHTS = {
    name: np.random.default_rng(3).normal(0, 0.1, shape).astype(np.float32)
    for name, shape in {
        "fc1_weight": (128, 784),
        "fc1_bias": (128,),
        "fc2_weight": (64, 128),
        "fc2_bias": (64,),
        "logits_weight": (10, 64),
        "logits_bias": (10,),
    }.items()
}
IMAGES = np.random.default_rng(4).random((250, 1, 28, 28), dtype=np.float32)
LABELS = np.random.default_rng(5).integers(0, 10, 250).astype(np.int32)


def split(n):
    return SimpleNamespace(images=IMAGES[:n], labels=LABELS[:n])


def numpy_probabilities(images):
    x = np.maximum(images.reshape(len(images), -1) @ WEIGHTS["fc1_weight"].T + WEIGHTS["fc1_bias"], 0)
    x = np.maximum(x @ WEIGHTS["fc2_weight"].T + WEIGHTS["fc2_bias"], 0)
    e = np.exp(x @ WEIGHTS["logits_weight"].T + WEIGHTS["logits_bias"])
    return e / e.sum(axis=1, keepdims=True)


def module_for(kind, batch_size=100):
    """The MLP with known weights, bound for training, for prediction, or without a label."""
    if kind == "no label":
        module = mx.mod.Module(probabilities(mlp()), label_names=[])
        module.bind([("data", (batch_size, 1, 28, 28))], for_training=False)
    else:
        module = mx.mod.Module(mlp())
        labels = [mx.io.DataDesc("softmax_label", (batch_size,))]
        module.bind([("data", (batch_size, 1, 28, 28))], labels, for_training=kind == "training")
    module.set_params({name: mx.nd.array(array) for name, array in WEIGHTS.items()}, {})
    return module


@pytest.mark.parametrize("kind", ["training", "prediction", "no label"])
@pytest.mark.parametrize("n", [1, 99, 100, 101, 250])
def test_any_number_of_images(kind, n):
    module = module_for(kind)
    given = predict(module, IMAGES[:n])
    wanted = numpy_probabilities(IMAGES[:n])
    assert given.shape == (n, 10)
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, wanted, rtol=1e-4)
    assert accuracy(module, split(n)) == accuracy_score(LABELS[:n], wanted.argmax(axis=1))


@pytest.mark.parametrize("batch_size", [1, 7, 300])
def test_the_batch_size_of_the_module_is_kept(batch_size):
    module = module_for("prediction", batch_size)
    np.testing.assert_allclose(predict(module, IMAGES), numpy_probabilities(IMAGES), rtol=1e-4)
    assert module.data_shapes[0].shape == (batch_size, 1, 28, 28)


def test_accuracy_is_correct_over_total_and_not_a_mean_over_batches():
    """100 right and 1 wrong: 100/101, where a mean over two batches would say a half."""
    labels = numpy_probabilities(IMAGES).argmax(axis=1)
    labels[100] = (labels[100] + 1) % 10
    found = accuracy(module_for("training"), SimpleNamespace(images=IMAGES[:101], labels=labels[:101]))
    assert found == 100 / 101


def test_training_goes_on_after_a_prediction_as_if_it_had_not_been():
    def parameters(predict_between):
        module = module_for("training", 50)
        module.init_optimizer(optimizer="sgd", optimizer_params={"learning_rate": 0.1, "momentum": 0.9})
        for start in (0, 50, 100):
            batch = mx.io.DataBatch(
                [mx.nd.array(IMAGES[start : start + 50])], [mx.nd.array(LABELS[start : start + 50])]
            )
            module.forward_backward(batch)
            module.update()
            if predict_between:
                predict(module, IMAGES[:33])
        assert module.data_shapes[0].shape == (50, 1, 28, 28)
        assert module.label_shapes[0].shape == (50,)
        return module.get_params()[0]

    with_it, without = parameters(True), parameters(False)
    for name, array in without.items():
        assert np.array_equal(with_it[name].asnumpy(), array.asnumpy())


def test_dropout_is_off():
    module = mx.mod.Module(dropout_cnn())
    module.bind([("data", (10, 1, 28, 28))], [mx.io.DataDesc("softmax_label", (10,))])
    module.init_params(mx.init.Xavier())
    assert np.array_equal(predict(module, IMAGES[:20]), predict(module, IMAGES[:20]))


def test_pixels_of_another_type_are_taken():
    images = (IMAGES[:3] > 0.5).astype(np.uint8)
    np.testing.assert_allclose(predict(module_for("no label"), images), numpy_probabilities(images), rtol=1e-4)


@pytest.mark.parametrize(
    "images", [IMAGES[:0], IMAGES[0], IMAGES[:2, 0], IMAGES[:2, :, :27], np.empty((0,)), IMAGES.reshape(250, -1)]
)
def test_images_of_another_shape(images):
    module = module_for("training")
    expected = r"^expected images of shape \(N, 1, 28, 28\) with N at least 1, got an array of shape \("
    with pytest.raises(DigitsError, match=expected):
        predict(module, images)
    assert predict(module, IMAGES[:5]).shape == (5, 10)  # nothing lost


def test_labels_and_images_of_different_number():
    with pytest.raises(DigitsError, match=r"^expected one label per image, got 3 images but 2 labels: take"):
        accuracy(module_for("training"), SimpleNamespace(images=IMAGES[:3], labels=LABELS[:2]))


def test_a_module_that_is_not_bound():
    with pytest.raises(DigitsError, match=r"^expected a module .* not ready: call module\.bind"):
        predict(mx.mod.Module(mlp()), IMAGES)


def test_an_output_that_is_not_a_row_per_image():
    loss = mx.sym.make_loss(mx.sym.sum(mlp().get_internals()["logits_output"], axis=1), name="loss")
    module = mx.mod.Module(loss, label_names=[])
    module.bind([("data", (4, 1, 28, 28))], for_training=False)
    module.init_params()
    with pytest.raises(DigitsError, match=r"^expected one row .* shape \(4,\): bind helpers\.networks\.probabilities"):
        predict(module, IMAGES)


@pytest.mark.parametrize("n", [1, 99, 100, 101, 250])
def test_validation_in_fit_counts_each_image_once(n):
    module = module_for("training")
    found = module.score(ShortLastBatch(IMAGES[:n], LABELS[:n], 100), "acc")
    assert found == [("accuracy", accuracy_score(LABELS[:n], numpy_probabilities(IMAGES[:n]).argmax(axis=1)))]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_test_module_answers_with_the_parameters_it_has_now(network):
    """With MXNet's own choice of backend it would keep those of its first pass (see helpers.base.compat)."""
    training = mx.mod.Module(NETWORKS[network]())
    training.bind([("data", (4, 1, 28, 28))], [("softmax_label", (4,))])
    testing = mx.mod.Module(probabilities(NETWORKS[network]()), label_names=None)
    images = np.random.default_rng(0).random((4, 1, 28, 28), dtype=np.float32)
    answers = []
    for seed in range(3):
        mx.random.seed(seed)
        training.init_params(mx.init.Xavier(), force_init=True)
        if not testing.binded:
            testing.bind([("data", (4, 1, 28, 28))], for_training=False, shared_module=training)
        answers.append(predict(testing, images))
        assert np.allclose(answers[-1], predict(training, images), atol=1e-6)
    assert not np.allclose(answers[0], answers[1])
    assert not np.allclose(answers[1], answers[2])
