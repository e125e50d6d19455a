"""The command line: what it prints where, its exit codes, and that nothing is lost."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from helpers.base.errors import DigitsError
from helpers.classifier.classifier import Classifier
from helpers.cli.main import COMMANDS, main
from helpers.cli.parser import NETWORK_NAMES, make_parser
from helpers.data.load import Digits, Split
from helpers.drawing.photo import to_mnist_from_image
from helpers.drawing.picture import read_picture
from helpers.networks.symbols import NETWORKS
from helpers.training.fit import Job, train
from helpers.training.recipes import Settings
from tests.tools.parameters import slow

OFFLINE = ("--source", "digits")


def start(*arguments, stderr=subprocess.PIPE):
    command = [sys.executable, "-m", "helpers", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network trained for one epoch, its file, and what `train` reported: (exit code, result)."""
    path = tmp_path_factory.mktemp("trained") / "mlp.params"
    process = start("train", "mlp", *OFFLINE, "--epochs", 1, "--out", path, "--json")
    stdout, stderr = process.communicate(timeout=100)
    assert process.returncode == 0, stderr
    assert "epoch 1/1" in stderr
    return path, json.loads(stdout)


@pytest.fixture
def pictures(digits, tmp_path):
    """Five digits of the test part as dark ink on white, large, under names that need care; and their labels."""
    paths = [tmp_path / name for name in ("a.png", "zwei ü.png", "数.png", "d.png", "e.png")]
    for path, image in zip(paths, digits.test.images, strict=False):
        picture = 255 - cv2.resize(np.round(image[0] * 255).astype(np.uint8), (200, 200))
        cv2.imencode(".png", picture)[1].tofile(path)
    return paths, digits.test.labels[:5].tolist()


def test_without_arguments_it_explains_itself(capsys):
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert re.findall(r"^    ([a-z-]+) +[A-Z]", out, flags=re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_a_description_and_an_example(monkeypatch, capsys, command):
    monkeypatch.setenv("COLUMNS", "120")  # no description is longer
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    out, _ = capsys.readouterr()
    assert re.search(r"^[A-Z].*\.$", out, flags=re.MULTILINE)
    assert f"example: python -m helpers {command}" in out
    assert "--json" in out


def test_the_networks_are_those_that_there_are():
    assert tuple(NETWORKS) == NETWORK_NAMES  # which the parser knows without MXNet


def test_data(capsys, digits):
    assert main(["data", *OFFLINE, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["data"] == "digits"
    for name in ("train", "valid", "test"):
        part = getattr(digits, name)
        assert result[name] == {"images": len(part), "first_labels": part.labels[:10].tolist()}
    assert main(["data", *OFFLINE]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == digits.origin
    assert lines[3].split() == ["test", "300", "images,", "the", "first:", *map(str, digits.test.labels[:10])]


def test_train_reports_what_it_saved(trained, digits):
    path, result = trained
    assert result["network"] == "mlp"
    assert result["epochs"] == result["best_epoch"] == 1
    assert result["valid_accuracy"] == result["history"]["valid"][0]
    assert result["file"] == str(path)
    answers = Classifier.load(path).probabilities_of(digits.test.images).argmax(axis=1)
    assert result["test_accuracy"] == (answers == digits.test.labels).mean() > 0.8


def test_the_same_seed_gives_the_same_file(trained, tmp_path, capsys):
    path, result = trained
    arguments = ["train", "mlp", *OFFLINE, "--epochs", "1", "--out"]
    assert main([*arguments, str(tmp_path / "same.params"), "--seed", "0"]) == 0
    assert (tmp_path / "same.params").read_bytes() == path.read_bytes()
    out, _ = capsys.readouterr()
    assert f"test accuracy  {result['test_accuracy']:.4f}" in out.splitlines()
    assert main([*arguments, str(tmp_path / "other.params"), "--seed", "1"]) == 0
    assert (tmp_path / "other.params").read_bytes() != path.read_bytes()


def test_train_saves_under_its_own_name_by_default(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "mlp", *OFFLINE, "--epochs", "1", "--batch-size", "500", "--lr", "0.2"]) == 0
    assert Classifier.load("mlp.params").network == "mlp"


def test_evaluate(trained, digits, capsys):
    path, trained_result = trained
    assert main(["evaluate", str(path), *OFFLINE, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["test_accuracy"] == trained_result["test_accuracy"] == result["correct"] / 300
    assert main(["evaluate", "mlp", *OFFLINE]) == 0
    assert re.search(r"^test accuracy +0\.\d{4}$", capsys.readouterr().out, flags=re.MULTILINE)


def test_predict(pictures, capsys):
    paths, labels = pictures
    assert main(["predict", *map(str, paths), "--model", "lenet"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for line, path, label in zip(out.splitlines(), paths, labels, strict=True):
        assert re.fullmatch(rf"{re.escape(str(path))}: {label}, probability (0\.[6-9]\d\d|1\.000)", line)


def test_predict_as_json(pictures, capsys):
    paths, _ = pictures
    assert main(["predict", *map(str, paths), "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert [result["file"] for result in results] == list(map(str, paths))
    network = Classifier.load("dropout-cnn")  # the default
    for path, result in zip(paths, results, strict=True):
        wanted = network.probabilities(to_mnist_from_image(read_picture(path)))
        assert result["probabilities"] == pytest.approx(wanted.tolist())
        assert sum(result["probabilities"]) == pytest.approx(1, abs=1e-4)
        assert result["probability"] == max(result["probabilities"]) == result["probabilities"][result["digit"]]


def test_predict_says_when_it_is_not_sure(pictures, tmp_path, capsys):
    flat = {"fc1_weight": (128, 784), "fc1_bias": 128, "fc2_weight": (64, 128), "fc2_bias": 64}
    flat |= {"logits_weight": (10, 64), "logits_bias": 10}
    Classifier("mlp", {name: np.zeros(shape) for name, shape in flat.items()}).save(tmp_path / "flat.params")
    path = str(pictures[0][0])
    assert main(["predict", path, "--model", str(tmp_path / "flat.params")]) == 0
    assert capsys.readouterr().out == f"{path}: 0, probability 0.100, not sure: this may be no digit\n"
    assert main(["predict", path, "--model", str(tmp_path / "flat.params"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["sure"] is False


def test_predict_notices_several_digits_and_reads_them_with_all(tmp_path, capsys):
    sheet = np.full((200, 300), 240, np.uint8)
    for x in (90, 210):
        cv2.polylines(sheet, [np.array([[x - 30, 50], [x + 30, 50], [x - 10, 150]])], False, 30, 9, cv2.LINE_AA)
    path = tmp_path / "several.png"
    cv2.imencode(".png", sheet)[1].tofile(path)
    assert main(["predict", str(path), "--model", "canvas"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error: expected one digit in {path}, got 2 of them: --all reads each of them\n"
    assert main(["predict", str(path), "--model", "canvas", "--all"]) == 0
    assert re.fullmatch(rf"{re.escape(str(path))}: 77: 7 [01]\.\d\d, 7 [01]\.\d\d\n", capsys.readouterr().out)
    assert main(["predict", str(path), "--model", "canvas", "--all", "--json"]) == 0
    [result] = json.loads(capsys.readouterr().out)
    assert result["number"] == "77"
    assert [answer["digit"] for answer in result["digits"]] == [7, 7]
    assert result["sure"] is all(answer["sure"] for answer in result["digits"])


def test_predict_answers_for_the_others_when_a_file_is_bad(pictures, tmp_path, capsys):
    paths, labels = pictures
    bad = {
        "empty.png": (b"", "expected a picture in {}, got an empty file: give a PNG or JPEG file"),
        "text.png": (b"no picture", "expected a picture in {}, got a file that is damaged or of another kind: give a"),
        "cut.png": (paths[0].read_bytes()[:70], "expected a picture in {}, got a file that is damaged"),
        "blank.png": (
            cv2.imencode(".png", np.full((9, 9), 255, np.uint8))[1].tobytes(),
            "expected a digit in {}, got one without ink: give dark ink on light paper",
        ),
    }
    for name, (content, _) in bad.items():
        (tmp_path / name).write_bytes(content)
    files = [paths[0], *(tmp_path / name for name in bad), tmp_path / "none.png", tmp_path, paths[1]]
    assert main(["predict", *map(str, files)]) == 1
    out, err = capsys.readouterr()
    assert [line.split(": ")[1][0] for line in out.splitlines()] == [str(labels[0]), str(labels[1])]
    lines = err.splitlines()
    assert len(lines) == 6
    for line, (name, (_, problem)) in zip(lines, bad.items(), strict=False):
        assert line.startswith(f"error: {problem.format(tmp_path / name)}")
    assert lines[4] == f"error: cannot read {tmp_path}/none.png: there is no such file or folder: check the path"
    assert lines[5] == f"error: cannot read {tmp_path}: it is a folder: give the path of a file"

    assert main(["predict", *map(str, files), "--json"]) == 1
    results = json.loads(capsys.readouterr().out)
    assert ["digit" in result for result in results] == [True, *[False] * 6, True]
    assert ["error" in result for result in results] == [False, *[True] * 6, False]


def test_export(trained, tmp_path, digits, capsys):
    path, _ = trained
    target = tmp_path / "mlp.onnx"
    assert main(["export", str(path), "--to", str(target), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["network"] == "mlp"
    assert result["model"] == str(path)
    assert result["file"] == str(target)
    assert result["bytes"] == target.stat().st_size > 109_386 * 4  # the parameters
    [answers] = onnxruntime.InferenceSession(target).run(None, {"data": digits.test.images})
    wanted = Classifier.load(path).probabilities_of(digits.test.images)
    assert np.abs(answers - wanted).max() < 1e-5

    assert main(["export", "lenet", "--to", str(tmp_path / "lenet.onnx")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert lines.keys() == {"network", "model", "input", "output", "bytes", "file"}
    assert lines["input"].startswith("data (N, 1, 28, 28) float32")
    assert lines["output"].startswith("probabilities (N, 10) float32")


USAGE = {
    "an unknown command": (["teach"], "invalid choice: 'teach'"),
    "no network": (["train"], "the following arguments are required: network"),
    "an unknown network": (["train", "vgg"], "invalid choice: 'vgg'"),
    "no epoch": (
        ["train", "mlp", "--epochs", "0"],
        'argument --epochs: expected a whole number of at least 1, got "0": give',
    ),
    "half an epoch": (
        ["train", "mlp", "--epochs", "0.5"],
        'argument --epochs: expected a whole number of at least 1, got "0.5": give',
    ),
    "no batch": (
        ["train", "mlp", "--batch-size", "-3"],
        'argument --batch-size: expected a whole number of at least 1, got "-3": give',
    ),
    "negative rate": (["train", "mlp", "--lr", "-1"], 'argument --lr: expected a number above 0, got "-1": give'),
    "infinite rate": (["train", "mlp", "--lr", "inf"], 'argument --lr: expected a number above 0, got "inf": give'),
    "no rate": (["train", "mlp", "--lr", "fast"], 'argument --lr: expected a number above 0, got "fast": give'),
    "a word as seed": (
        ["train", "mlp", "--seed", "x"],
        '--seed: expected a whole number from 0 to 2147483647, got "x": give',
    ),
    "a large seed": (
        ["train", "mlp", "--seed", str(2**31)],
        f'expected a whole number from 0 to 2147483647, got "{2**31}"',
    ),
    "a port that needs privileges": (
        ["launch", "-n", "1", "--port", "80"],
        'argument --port: expected a whole number from 1024 to 65535, got "80": give',
    ),
    "an unknown device": (["train", "mlp", "--device", "tpu"], "argument --device: invalid choice: 'tpu'"),
    "an unknown source": (["data", "--source", "emnist"], "argument --source: invalid choice: 'emnist'"),
    "no model": (["evaluate"], "the following arguments are required: MODEL"),
    "nowhere to export to": (["export", "mlp"], "the following arguments are required: --to"),
    "no picture": (["predict"], "the following arguments are required: IMAGE"),
    "an unknown option": (["check", "--fix"], "unrecognized arguments: --fix"),
}


@pytest.mark.parametrize(("arguments", "problem"), USAGE.values(), ids=USAGE)
def test_wrong_usage(arguments, problem, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert problem in err.splitlines()[-1]


LONG = "x" * 300
TRAIN = "train mlp --source digits --out old.params"
WRONG = {
    "no folder to save to": ("train mlp --out no/such/x.params", "cannot write no/such/x.params: there is no such"),
    "a folder to save to": ("train mlp --out old", "cannot write old: it is a folder or a device: give the path"),
    "a device to save to": ("train mlp --out /dev/null", "cannot write /dev/null: it is a folder or a device: give"),
    "a link to nowhere": ("train mlp --out link.params", "cannot write link.params: there is no such file or folder"),
    "a long name to save to": (f"train mlp --out {LONG}", f"cannot write {LONG}: the name is too long: give a shorter"),
    "a long name of a model": (
        f"evaluate {LONG} --source digits",
        f'expected mlp, lenet, dropout-cnn, canvas or a .params file, got "{LONG}": check',
    ),
    "a long name of a file": (f"evaluate {LONG}.params", f"cannot read {LONG}.params: the name is too long: give"),
    "a long name of a picture": (f"predict {LONG}", f"cannot read {LONG}: the name is too long: give a shorter one"),
    "too large a batch": (f"{TRAIN} --batch-size 99999", "expected a batch size from 1 to"),
    "a rate that diverges": (
        f"{TRAIN} --epochs 1 --lr 1e6",
        "expected an epoch to keep, got none: training diverged in epoch 1",
    ),
    "a missing model": ("evaluate none.params --source digits", "cannot read none.params: there is no such file"),
    "a misspelt model": (
        "predict x.png --model lenett",
        'expected mlp, lenet, dropout-cnn, canvas or a .params file, got "lenett": check',
    ),
    "a text as model": (
        "evaluate notes.txt",
        "expected parameters of MXNet in notes.txt, got a file of another kind: give a file that",
    ),
    "a damaged model": (
        "predict x.png --model old.params",
        "expected parameters of MXNet in old.params, got a file that is cut off or damaged: copy it again",
    ),
    "no folder to export to": ("export mlp --to no/x.onnx", "cannot write no/x.onnx: there is no such file or folder"),
    "a folder to export to": (
        "export mlp --to old.onnx",
        "cannot write old.onnx: it is a folder or a device: give the",
    ),
    "another ending": ("export mlp --to old.params", "expected a file name that ends in .onnx, got old.params: give"),
    "a damaged model to export": (
        "export old.params --to x.onnx",
        "expected parameters of MXNet in old.params, got a file that is cut off or damaged: copy it again",
    ),
    "no such data": ("evaluate mlp", "expected a folder in MNIST_DIR, got "),
}


@pytest.mark.parametrize(("line", "problem"), WRONG.values(), ids=WRONG)
def test_what_goes_wrong_is_one_line_and_loses_nothing(line, problem, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNIST_DIR", "no-such-folder")
    Path("old").mkdir()
    Path("old.onnx").mkdir()
    Path("notes.txt").write_text("notes", encoding="utf-8")
    Path("old.params").write_bytes((0x112).to_bytes(8, "little") + b"an older file")
    Path("link.params").symlink_to("no/such/x.params")
    before = contents(tmp_path)
    assert main(line.split()) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith(f"error: {problem}")
    assert err.count("error:") == 1
    assert "epoch" not in err or "diverged" in err  # noticed before the training, not after
    assert contents(tmp_path) == before


def contents(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.iterdir()}


def test_the_largest_seed_is_one_that_training_takes(digits):
    largest = make_parser().parse_args(["train", "mlp", "--seed", str(2**31 - 1)]).seed
    few = Split(digits.valid.images[:20], digits.valid.labels[:20])
    settings = Settings("mlp", epochs=1, batch_size=10, seed=largest)
    train(settings, Digits(few, few, few, "digits", "a few"), Job(progress=False))
    with pytest.raises(DigitsError, match=f"^expected a seed from 0 to {largest}, got {largest + 1}"):
        Settings("mlp", seed=largest + 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_results_that_the_disk_does_not_take(pictures, form):
    command = [sys.executable, "-m", "helpers", "predict", str(pictures[0][0]), *form]
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=300)
    assert run.returncode == 1
    assert run.stderr == "error: the disk is full: free some space or choose another place\n"


def interrupt(arguments, text, folder, number=signal.SIGINT):
    """Run a command, send it a signal when `text` stands on its stderr; return exit code, stdout and stderr."""
    errors = folder / "stderr.txt"
    with errors.open("w", encoding="utf-8") as stderr:
        process = start(*arguments, stderr=stderr)
        end = time.monotonic() + 300
        while text not in errors.read_text(encoding="utf-8") and time.monotonic() < end and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(number)
        out, _ = process.communicate(timeout=300)
    return process.returncode, out, errors.read_text(encoding="utf-8")


def test_ctrl_c_keeps_the_best_epoch(tmp_path):
    path = tmp_path / "x.params"
    arguments = ["train", "mlp", *OFFLINE, "--epochs", 5000, "--out", path, "--json"]
    code, out, err = interrupt(arguments, "epoch    3/5000", tmp_path)
    assert code == 130, err
    assert "interrupted; kept epoch" in err
    assert "Traceback" not in err
    result = json.loads(out)
    assert 2 <= result["epochs"] < 5000
    assert result["test_accuracy"] is None
    assert Classifier.load(path).network == "mlp"


@pytest.mark.parametrize("number", [signal.SIGKILL, *slow(signal.SIGTERM, signal.SIGHUP)])
def test_a_killed_training_leaves_the_best_epoch(tmp_path, number):
    path = tmp_path / "x.params"
    path.write_bytes(b"an older file")
    arguments = ["train", "mlp", *OFFLINE, "--epochs", 5000, "--out", path]
    code, out, err = interrupt(arguments, "epoch    3/5000", tmp_path, number)
    assert (code, out) == (-number, ""), err
    assert Classifier.load(path).network == "mlp"


@pytest.mark.slow
def test_ctrl_c_before_the_first_epoch_leaves_the_older_file(tmp_path):
    path = tmp_path / "x.params"
    path.write_bytes(b"an older file")
    code, out, err = interrupt(["train", "dropout-cnn", *OFFLINE, "--out", path], "epoch  1/15", tmp_path)
    assert code == 130, err
    assert out == ""
    assert "Traceback" not in err
    assert path.read_bytes() == b"an older file"
    assert {entry.name for entry in tmp_path.iterdir()} == {"x.params", "stderr.txt"}


def test_a_reader_that_has_had_enough_is_no_error():
    process = start("data", *OFFLINE)
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait(timeout=300)
    process.stderr.close()
