"""Progress, history and the best epoch, in real fits; Ctrl-C by a real signal to a real process."""

import hashlib
import json
import re
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from sklearn.metrics import accuracy_score

from helpers.base.errors import DigitsError
from helpers.networks.symbols import mlp
from helpers.training.callbacks import BestEpoch, History, Progress, StopTraining, read_accuracy
from helpers.training.evaluation import predict

import mxnet as mx

PROJECT = Path(__file__).parents[2]
RANDOM = np.random.default_rng(6)
IMAGES = RANDOM.random((300, 1, 28, 28), dtype=np.float32)
LABELS = RANDOM.integers(0, 10, 300).astype(np.float32)


def batches(n=300):
    return mx.io.NDArrayIter(IMAGES[:n], LABELS[:n], batch_size=100)


def fit(module, epochs=3, learning_rate=0.1, metric="acc", **callbacks):
    module.fit(
        batches(),
        batches(200),
        num_epoch=epochs,
        eval_metric=metric,
        initializer=mx.init.Xavier(),
        optimizer_params={"learning_rate": learning_rate},
        **callbacks,
    )


def small_module():
    """One weight matrix: quick to bind, and its parameters are easy to set to a number."""
    x = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=10, name="logits")
    module = mx.mod.Module(mx.sym.SoftmaxOutput(x, name="softmax"))
    module.bind([("data", (100, 1, 28, 28))], [mx.io.DataDesc("softmax_label", (100,))])
    module.init_params()
    return module


def fill(module, value):
    arg_params, aux_params = module.get_params()
    module.set_params({name: mx.nd.full(array.shape, value) for name, array in arg_params.items()}, aux_params)


def values(module):
    return {float(array.asnumpy().min()) for array in module.get_params()[0].values()}


def after_epoch(epoch, right_of_ten):
    """What fit hands to an eval_end_callback: counted from 0, with a metric that has seen ten images."""
    metric = mx.metric.Accuracy()
    answers = mx.nd.one_hot(mx.nd.zeros(10), 10)
    metric.update([mx.nd.array([0] * right_of_ten + [1] * (10 - right_of_ten))], [answers])
    return mx.model.BatchEndParam(epoch, 1, metric, {})


# ---- progress and history ----


def test_progress_leaves_one_line_per_epoch(capfd):
    history = History()
    fit(mx.mod.Module(mlp()), batch_end_callback=[Progress(3, 3), history.batch_end])
    out, err = capfd.readouterr()
    assert out == ""
    assert err.endswith("\n")
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in err.rstrip("\n").split("\n")]
    assert len(lines) == 3
    for epoch, (line, accuracy) in enumerate(zip(lines, history.train, strict=True), start=1):
        assert re.fullmatch(rf"epoch {epoch}/3 100%\|.{{20}}\| 00:0\d, +\S+ images/s, accuracy {accuracy:.4f}", line)


def test_progress_counts_images_per_second(capfd):
    """Two batches of 50 in half a second after the first, or in more on a busy machine."""
    progress = Progress(3, 1, batch_size=50)
    for nbatch in range(3):
        progress(mx.model.BatchEndParam(0, nbatch, after_epoch(0, 7).eval_metric, {}))
        time.sleep(0.25 if nbatch < 2 else 0)
    rate = float(re.search(r"([\d.]+) images/s, accuracy 0.7000", capfd.readouterr().err)[1])
    assert 0 < rate <= 200


class CountedAccuracy(mx.metric.Accuracy):
    reads = 0

    def get_global(self):
        self.reads += 1
        return super().get_global()


def test_the_metric_is_read_seldom():
    metric, history = CountedAccuracy(), History()
    train = mx.io.NDArrayIter(IMAGES, LABELS, batch_size=1)
    module = mx.mod.Module(mlp())
    module.fit(train, eval_metric=metric, num_epoch=1, batch_end_callback=[Progress(300, 1, 1), history.batch_end])
    assert 4 <= metric.reads <= 4 + 2 * sum(history.seconds)  # by fit, history, and the bar first, last, and in between


@pytest.mark.parametrize("metric", ["acc", mx.metric.Accuracy(), ["ce", "acc"]])
def test_history_against_scikit_learn(metric):
    """With a learning rate of 0 the network stays what it is, so each epoch's accuracies are known."""
    module, history = mx.mod.Module(mlp()), History()
    ends = {"batch_end_callback": history.batch_end, "eval_end_callback": history.eval_end}
    fit(module, epochs=2, learning_rate=0, metric=metric, **ends)
    answers = predict(module, IMAGES).argmax(axis=1)
    assert history.train == pytest.approx([accuracy_score(LABELS, answers)] * 2)
    assert history.valid == pytest.approx([accuracy_score(LABELS[:200], answers[:200])] * 2)
    assert len(history.seconds) == 2
    assert all(0 < seconds < 60 for seconds in history.seconds)
    assert json.loads(json.dumps(history.to_dict())) == {
        "train": history.train,
        "valid": history.valid,
        "seconds": history.seconds,
    }


def test_a_metric_that_is_not_accuracy():
    message = r'^expected the metric "accuracy", got cross-entropy: fit with eval_metric="acc"$'
    with pytest.raises(DigitsError, match=message):
        fit(mx.mod.Module(mlp()), metric="ce", batch_end_callback=History().batch_end)
    assert np.isnan(read_accuracy(mx.metric.Accuracy()))


def test_progress_in_a_notebook_is_one_line_per_epoch():
    setup = """
        import numpy as np
        from helpers.training.callbacks import Progress
        from helpers.networks import mlp
        import mxnet as mx
        data = mx.io.NDArrayIter(np.random.rand(300, 1, 28, 28), np.zeros(300), batch_size=100)
    """
    run = """
        mx.mod.Module(mlp()).fit(data, num_epoch=3, batch_end_callback=Progress(3, 3))
    """
    cells = [nbformat.v4.new_code_cell("\n".join(line[8:] for line in cell.split("\n"))) for cell in (setup, run)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, resources={"metadata": {"path": str(PROJECT)}}, coalesce_streams=True)
    client.execute()
    assert cells[0].outputs == []
    [stream] = cells[1].outputs
    assert (stream.output_type, stream.name) == ("stream", "stderr")
    assert [line[:14] for line in stream.text.splitlines()] == [f"epoch {i}/3 100%" for i in (1, 2, 3)]


def test_the_best_epoch_of_a_history_is_the_first_of_equals():
    assert History(valid=[0.5, 0.7, 0.6, 0.7, 0.3]).best_epoch == 2
    assert History(valid=[0.5]).best_epoch == 1


# ---- the best epoch ----


def test_the_best_epoch_is_kept_saved_and_put_back(tmp_path, capfd):
    module, path = small_module(), tmp_path / "best.params"
    with BestEpoch(module, path) as best:
        assert (best.epoch, best.accuracy) == (None, None)
        for epoch, right in enumerate([5, 7, 6, 7, 3]):
            fill(module, epoch + 1)
            best.eval_end(after_epoch(epoch, right))
    assert (best.epoch, best.accuracy) == (2, 0.7)  # the first of equals
    assert values(module) == {2.0}
    saved = mx.nd.load(str(path))
    assert set(saved) == {"arg:logits_weight", "arg:logits_bias"}
    assert {float(array.asnumpy().max()) for array in saved.values()} == {2.0}
    assert list(tmp_path.iterdir()) == [path]
    assert capfd.readouterr() == ("", "")


def test_training_stops_when_the_accuracy_no_longer_rises(capfd):
    module, history = mx.mod.Module(mlp()), History()
    with BestEpoch(module, patience=2) as best:
        fit(module, epochs=50, learning_rate=0, eval_end_callback=[history.eval_end, best.eval_end])
    assert len(history.valid) == 3
    assert best.epoch == 1
    assert capfd.readouterr().err == (
        f"validation accuracy has not risen for 2 epochs; kept epoch 1, validation accuracy {history.valid[0]:.4f}\n"
    )


def test_a_rise_starts_the_patience_anew():
    best = BestEpoch(small_module(), patience=2)
    for epoch, right in enumerate([5, 4, 6, 6]):
        best.eval_end(after_epoch(epoch, right))
    with pytest.raises(StopTraining):
        best.eval_end(after_epoch(4, 5))
    assert best.epoch == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_training_that_diverges_late_keeps_the_best_epoch(tmp_path, capfd, value):
    module, path = small_module(), tmp_path / "best.params"
    with BestEpoch(module, path) as best:
        for epoch, number in enumerate([1, value]):
            fill(module, number)
            best.eval_end(after_epoch(epoch, 5 + epoch))
    assert values(module) == {1.0}
    assert {float(array.asnumpy().max()) for array in mx.nd.load(str(path)).values()} == {1.0}
    assert capfd.readouterr().err == (
        "training diverged in epoch 2: lower the learning rate; kept epoch 1, validation accuracy 0.5000\n"
    )


def test_another_error_passes_and_the_best_epoch_is_put_back():
    module = small_module()

    def train_and_fail():
        with BestEpoch(module) as best:
            fill(module, 3)
            best.eval_end(after_epoch(0, 5))
            fill(module, 4)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train_and_fail()
    assert values(module) == {3.0}


@pytest.mark.parametrize("patience", [0, -1])
def test_a_patience_that_makes_no_sense(patience):
    with pytest.raises(
        DigitsError, match=rf"^expected a patience of at least 1, or None, got {patience}: choose how many epochs"
    ):
        BestEpoch(small_module(), patience=patience)


def test_a_folder_that_is_missing_is_noticed_before_training(tmp_path):
    missing = tmp_path / "missing" / "best.params"
    for path, cause in ((missing, "there is no such file or folder: check the path"), (tmp_path, "it is a folder")):
        with pytest.raises(DigitsError, match=rf"^cannot write {path}: {cause}"):
            BestEpoch(small_module(), path)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def largest_file(size):
    """Let this process write no file beyond `size` bytes, as a disk with little room would."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("room", [0, 3000, 31_000])
def test_a_full_disk_loses_nothing(tmp_path, room):
    """The older file and the best epoch so far stay, and no temporary file is left."""
    module, path = small_module(), tmp_path / "best.params"
    with BestEpoch(module, path) as best:
        fill(module, 1)
        best.eval_end(after_epoch(0, 5))
        before = path.read_bytes()
        assert len(before) > 10 * 785 * 4 > room
        fill(module, 2)
        with largest_file(room), pytest.raises(DigitsError, match=r"^cannot write .*best\.params"):
            best.eval_end(after_epoch(1, 6))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    assert (best.epoch, values(module)) == (1, {1.0})


# ---- Ctrl-C ----

SCRIPT = """
import hashlib, sys
from types import SimpleNamespace
import numpy as np
from helpers.training import Job, Settings, train

random = np.random.default_rng(0)
network, images, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def part(n):
    labels = random.integers(0, 10, n)
    return SimpleNamespace(images=random.random((n, 1, 28, 28), dtype=np.float32), labels=labels)

digits = SimpleNamespace(train=part(images), valid=part(100))
module, history = train(Settings(network, epochs=100_000), digits, Job(path=path))
params = module.get_params()[0]
digest = hashlib.sha256(b"".join(params[name].asnumpy().tobytes() for name in sorted(params)))
print(max(history.valid), digest.hexdigest())
"""


def interrupted(path, network, images, line):
    """Run a training, press Ctrl-C when `line` has come on stderr; the exit code, stdout, and all of stderr."""
    command = [sys.executable, "-c", SCRIPT, network, str(images), str(path)]
    with subprocess.Popen(command, cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        err = ""
        while line not in err:
            read = process.stderr.read(1)
            assert read, err
            err += read
        process.send_signal(signal.SIGINT)
        out, rest = process.communicate(timeout=300)
    return process.returncode, out, err + rest


def test_ctrl_c_keeps_the_best_epoch(tmp_path):
    path = tmp_path / "best.params"
    code, out, err = interrupted(path, "mlp", 1000, "epoch      4/100000")
    assert code == 0, err
    accuracy, digest = out.split()
    assert re.search(rf"^interrupted; kept epoch \d, validation accuracy {float(accuracy):.4f}$", err, re.MULTILINE)
    saved = mx.nd.load(str(path))
    assert hashlib.sha256(b"".join(saved[name].asnumpy().tobytes() for name in sorted(saved))).hexdigest() == digest
    assert list(tmp_path.iterdir()) == [path]


def test_ctrl_c_before_the_first_epoch_has_ended_says_so_and_leaves_no_file(tmp_path):
    code, out, err = interrupted(tmp_path / "best.params", "lenet", 20_000, "epoch      1/100000")
    assert code != 0
    assert out == ""
    assert re.search(r"^interrupted; no epoch has ended yet, so nothing is kept$", err, re.MULTILINE)
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert list(tmp_path.iterdir()) == []
