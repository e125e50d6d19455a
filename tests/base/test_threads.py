"""helpers.base.threads, each case in a fresh process, since MXNet reads the variables once."""

import json
import os
import subprocess
import sys

import numpy as np
import psutil
import pytest

from helpers.base.threads import cores_here

ASK = """
import json, os, sys
import helpers
from helpers.base.threads import AUTO, cores, set_threads
if len(sys.argv) > 1:
    set_threads(int(sys.argv[1]))
import mxnet as mx
found = mx.base._LIB.omp_get_max_threads()
print(json.dumps([cores(), found, os.environ["OMP_NUM_THREADS"], os.environ["MXNET_CPU_PARALLEL_SIZE"],
    os.environ["MXNET_CPU_TEMP_COPY"]]))
"""
MINE = ("OMP_NUM_THREADS", "DIGITS_AUTO_THREADS", "DIGITS_WORKERS_HERE", "DMLC_ROLE")
MINE += ("MXNET_CPU_PARALLEL_SIZE", "MXNET_CPU_TEMP_COPY")
CORES = min(len(psutil.Process().cpu_affinity()), psutil.cpu_count(logical=False) or 10**6)


def ask(*arguments, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in MINE} | variables
    command = [sys.executable, "-c", ASK, *arguments]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_one_thread_by_itself():
    found = ask()
    assert found[:3] == [CORES, 1, "1"]
    assert found[4] == "32"


def test_a_setting_of_the_user_stays():
    chosen = {"OMP_NUM_THREADS": "3", "MXNET_CPU_PARALLEL_SIZE": "7", "MXNET_CPU_TEMP_COPY": "9"}
    assert ask(**chosen)[1:] == [3, "3", "7", "9"]
    assert ask("1", OMP_NUM_THREADS="3")[1] == 3


def test_a_program_chooses_before_mxnet_loads():
    assert ask("2")[1] == 2


def test_a_child_counts_for_itself():
    """What a parent set by itself is no setting of the user."""
    assert ask(OMP_NUM_THREADS="3", DIGITS_AUTO_THREADS="3")[1] == 1
    assert ask(OMP_NUM_THREADS="7", DIGITS_AUTO_THREADS="1")[1] == 7


@pytest.mark.parametrize(("workers", "here"), [("1", CORES), ("2", max(1, CORES // 2)), ("1000", 1)])
def test_the_workers_of_a_host_share_its_cores(workers, here, monkeypatch):
    monkeypatch.setenv("DIGITS_WORKERS_HERE", workers)
    assert cores_here() == here


EPOCHS = {"mlp": 2, "lenet": 2, "dropout-cnn": 4}  # as few as bring each network above 80 %

TRAIN = """
import json, sys
import helpers, numpy as np
from helpers.data import Digits, Split, load_mnist
from helpers.training import Job, Settings, train
digits = load_mnist("digits")
originals = Split(digits.train.images[:1297], digits.train.labels[:1297])
digits = Digits(originals, digits.valid, digits.test, digits.source, digits.origin)
found = {}
for network, epochs in json.loads(sys.argv[2]).items():
    module, history = train(Settings(network, epochs=epochs, seed=3), digits, Job(progress=False))
    found |= {f"{network} {name}": array.asnumpy() for name, array in module.get_params()[0].items()}
    found[f"{network} accuracy"] = history.valid
np.savez(sys.argv[1], **found)
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Accuracies and parameters of all three networks, trained with one thread, with two, and with two again."""
    found = []
    for number, threads in enumerate(("1", "2", "2")):  # one thread has nothing to divide in another way
        file = str(tmp_path_factory.mktemp("trained") / f"{number}.npz")
        command = [sys.executable, "-c", TRAIN, file, json.dumps(EPOCHS)]
        # PASSIVE: threads that wait sleep. Spinning, they take ten times as long where other programs want the cores.
        variables = {"OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "PASSIVE"}
        subprocess.run(command, env=os.environ | variables, check=True)
        found.append(dict(np.load(file)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("network", EPOCHS)
def test_the_same_threads_give_the_same_parameters_and_others_as_good_ones(network, trained):
    one, two, again = trained
    names = [name for name in two if name.startswith(f"{network} ")]
    assert len(names) > 6
    assert all(np.array_equal(two[name], again[name]) for name in names)
    accuracy = f"{network} accuracy"
    assert abs(one[accuracy][-1] - two[accuracy][-1]) < 0.03
    assert max(one[accuracy]) > 0.8
