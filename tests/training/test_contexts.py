"""Devices by name, and how many there are."""

import pytest

from helpers.base.errors import DigitsError
from helpers.base.threads import cores
from helpers.training.contexts import device, devices

import mxnet as mx


def test_the_cpu_by_name():
    assert device("cpu") == mx.cpu()


def test_auto_takes_the_gpu_where_there_is_one():
    assert device() == device("auto") == (mx.gpu() if mx.context.num_gpus() else mx.cpu())


def test_devices_are_the_gpu_or_one_per_core():
    found = devices()
    if mx.context.num_gpus():
        assert found == [mx.gpu()]
    else:
        assert found == devices("cpu") == [mx.cpu(i) for i in range(min(4, cores()))]


@pytest.mark.parametrize("name", ["tpu", "", "GPU "])
@pytest.mark.parametrize("find", [device, devices])
def test_an_unknown_device(find, name):
    with pytest.raises(DigitsError, match=f'^expected the device "auto", "cpu" or "gpu", got "{name}": choose'):
        find(name)


def test_a_gpu_that_is_not_there():
    if mx.context.num_gpus():
        assert device("gpu") == mx.gpu()
    else:
        with pytest.raises(DigitsError, match=r'^expected a GPU, got .* no GPU: use device\(name="auto"\)'):
            device("gpu")
