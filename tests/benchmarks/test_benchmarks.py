"""The comparison of frameworks: what is counted and worked out, what is written, and the driver with real processes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "benchmarks" / "peers"), str(ROOT / "benchmarks")]

import frameworks  # noqa: E402
import report  # noqa: E402
import turns  # noqa: E402


@pytest.mark.parametrize(
    ("network", "adds", "of_the_first"),
    [
        ("mlp", 784 * 128 + 128 * 64 + 64 * 10, 784 * 128),
        ("lenet", 24 * 24 * 20 * 25 + 8 * 8 * 50 * 20 * 25 + 800 * 500 + 500 * 10, 24 * 24 * 20 * 25),
        (
            "dropout-cnn",
            28 * 28 * 32 * 9 + 14 * 14 * 64 * 32 * 9 + 7 * 7 * 128 * 64 * 9 + 1152 * 625 + 625 * 10,
            28 * 28 * 32 * 9,
        ),
    ],
)
def test_operations_of_a_training_step(network, adds, of_the_first):
    assert frameworks.training_flop(network) == 2 * (3 * adds - of_the_first)


def test_operations_of_the_mlp():
    assert frameworks.training_flop("mlp") == 454_400


def form(seconds, accuracies):
    return {
        "ready_seconds": 3.0,
        "first_seconds": 4.0,
        "epoch_seconds": seconds,
        "busy_seconds": [4 * each for each in seconds],
        "training_accuracies": accuracies,
        "accuracies": accuracies,
        "memory_mb": 300.4,
        "import_s": 1.26,
        "latency_ms": {"eager": [0.3, 0.2, 0.4], "jit": [0.1, 0.2, 0.1]},
        "images_per_s": {"eager, batches of 100": [5000.0, 4000.0, 3000.0], "jit, batches of 100": [1.0, 2.0, 3.0]},
    }


@pytest.fixture
def results():
    network = {
        "samples": 1000,
        "target": 0.95,
        "training_flop": 454_400,
        "limit_gflops": 0.4544,
        "forms": {
            "mxnet": form([1.0, 4.0, 2.0], [0.9, 0.94, 0.96, 0.97]),
            "pytorch": form([2.0, 2.0, 2.0], [0.9, 0.9, 0.9, 0.9]),
            "pytorch compile": form([4.0, 1.0, 4.0], [0.9, 0.96, 0.97, 0.97]),
            "jax": {"error": "ModuleNotFoundError: No module named 'jax'"},
        },
    }
    report.summarise(network)
    return {
        "date": "2026-01-31",
        "command": "make bench",
        "machine": {"cores": 2, "model": "A Processor"},
        "versions": {"mxnet": "1.9.1", "torch": "2.13.0"},
        "limit": {"gflops": 0.4544, "name": "a product of 2048 x 2048 in torch"},
        "networks": {"mlp": network},
    }


def test_the_summary(results):
    summary = {name: told.get("summary") for name, told in results["networks"]["mlp"]["forms"].items()}
    assert summary["mxnet"]["samples_per_s"] == [500, 250, 1000]
    # To the best of PyTorch in each round, 500, 1000 and 500 samples/s: 2, 0.25 and 1.
    assert summary["mxnet"]["ratio"] == 1
    assert summary["pytorch compile"]["ratio"] == 1 / 2 * 1  # 250 / 500, 1000 / 1000, 250 / 500
    assert summary["mxnet"]["run_seconds"] == 3 + 4 + 1 + 4  # to start, the first epoch, the second, the third
    assert summary["pytorch"]["run_seconds"] is None
    assert summary["mxnet"]["busy_samples_per_s"] == [125, 62.5, 250]
    assert summary["mxnet"]["kept"] == 1 / 4
    assert summary["mxnet"]["busy_ratio"] == 1
    assert (summary["mxnet"]["one_image_ms"], summary["mxnet"]["one_image_by"]) == (0.1, "jit")
    assert (summary["mxnet"]["images_per_s"], summary["mxnet"]["images_per_s_by"]) == (4000, "eager, batches of 100")
    assert summary["mxnet"]["gflops"] == pytest.approx(500 * 454_400 / 1e9)
    assert summary["mxnet"]["share_of_limit"] == pytest.approx(0.5)
    assert summary["jax"] is None


def test_the_table(results):
    lines = report.table(results["networks"]["mlp"]).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2] == (
        "| MXNet | 500 (250 to 1,000) | 1.00 | 125 (62 to 250) | 1.00 | 0.25 | 12.0 | 0.100 ms (jit) "
        "| 4,000 (eager, batches of 100) | 300 | 1.3 s | 0.2 (50 %) |"
    )
    assert lines[4].startswith("| PyTorch, compile | ")
    assert lines[5].startswith("| JAX | failed: ModuleNotFoundError: No module named 'jax' |")


def test_the_readme_is_rewritten_between_its_marks(results):
    readme = "# Title\n\n<!-- frameworks -->\nold\n<!-- /frameworks -->\n\nmore\n"
    once = report.rewritten(readme, results)
    assert once.startswith(
        "# Title\n\n<!-- frameworks -->\n`make bench`, 2026-01-31: 2 cores, A Processor; mxnet 1.9.1"
    )
    assert once.endswith("|\n<!-- /frameworks -->\n\nmore\n")
    assert "old" not in once
    assert report.rewritten(once, results) == once
    with pytest.raises(ValueError, match="lacks"):
        report.rewritten("# Title\n", results)


def test_the_results_are_written(results, tmp_path):
    report.write_results(results, tmp_path / "new")
    assert json.loads((tmp_path / "new" / "frameworks.json").read_text(encoding="utf-8")) == results
    assert (tmp_path / "new" / "frameworks.png").read_bytes().startswith(b"\x89PNG")
    assert len(list((tmp_path / "new").iterdir())) == 3
    alt = report.chart_of(results).alt
    assert "MXNet 1.00 on MLP, quiet" in alt
    assert "MXNet 1.00 on MLP, one core busy" in alt
    assert "JAX" not in alt


def test_without_pytorch_there_is_no_ratio(results):
    network = results["networks"]["mlp"]
    network["forms"] = {"mxnet": network["forms"]["mxnet"]}
    report.summarise(network)
    assert "| 500 (250 to 1,000) | - |" in report.table(network)
    assert "MXNet 500 on MLP" in report.chart_of(results).alt


def test_a_chart_of_failures_alone(results):
    network = results["networks"]["mlp"]
    network["forms"] = {"jax": network["forms"]["jax"]}
    assert report.chart_of(results).png()


@pytest.mark.parametrize(
    ("failed", "code"), [(["jax"], 0), (["mxnet"], 1), (["pytorch"], 0), (["pytorch", "pytorch compile"], 1)]
)
def test_who_may_fail(results, failed, code):
    for name in failed:
        results["networks"]["mlp"]["forms"][name] = {"error": "why"}
    assert frameworks.exit_code(results) == code


def test_no_folder_of_a_machine_in_results():
    folder = "/" + "home/someone/bench"
    assert turns.short(f"--peers-python {folder}/bin/python") == "--peers-python python"
    assert turns.short(f"cannot open {folder}/x.so: 1/2 of a/b") == "cannot open x.so: 1/2 of a/b"


def drive(folder, *arguments):
    """The driver on few digits, with a Python that has none of the other frameworks."""
    command = [sys.executable, ROOT / "benchmarks" / "frameworks.py", "--networks", "mlp", "--source", "digits"]
    command += ["--images", "1000", "--smoke", "--out", folder, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done, json.loads((folder / "frameworks.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_driver_for_real(tmp_path):
    """MXNet trains; a framework that cannot be imported is a row that says why."""
    python = tmp_path / "python"  # without packages
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "raise ImportError(\'no such framework\')"\n')
    python.chmod(0o755)
    done, results = drive(tmp_path / "out", "--forms", "mxnet", "mxnet stock", "jax", "--peers-python", str(python))
    assert done.returncode == 0, done.stderr
    forms = results["networks"]["mlp"]["forms"]
    assert forms["jax"]["error"] == "ended with code 1: ImportError: no such framework"
    assert "| JAX | failed: ended with code 1: ImportError: no such framework |" in done.stdout
    mxnet = forms["mxnet"]
    assert len(mxnet["epoch_seconds"]) == len(forms["mxnet stock"]["epoch_seconds"]) == 1
    assert len(mxnet["busy_seconds"]) == 1
    assert len(mxnet["accuracies"]) == len(mxnet["training_accuracies"]) == 2
    assert mxnet["accuracies"][-1] > 0.5
    assert 0 < mxnet["training_accuracies"][0] < mxnet["training_accuracies"][1] <= 1
    assert mxnet["memory_mb"] > 50
    assert mxnet["import_s"] > 0
    assert len(mxnet["latency_ms"]["Classifier"]) == 300
    assert 0 < mxnet["summary"]["share_of_limit"] < 1
    assert results["versions"]["mxnet"] == "1.9.1"
    for path in (tmp_path, ROOT, Path(sys.prefix)):
        assert str(path) not in json.dumps(results)


@pytest.mark.slow
def test_pytorch_has_to_work(tmp_path):
    missing = tmp_path / "nowhere" / "python"
    done, results = drive(tmp_path / "out", "--forms", "pytorch", "--peers-python", str(missing))
    assert done.returncode == 1
    assert results["networks"]["mlp"]["forms"]["pytorch"] == {
        "error": "python cannot be started: No such file or directory"
    }


@pytest.fixture
def scratch(tmp_path):
    """A copy of what make_bench_venv.sh needs, with a .venv whose Python notes what pip is told."""
    for name in ("tools/make_bench_venv.sh", "benchmarks/requirements-bench.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        """#!/bin/sh
        case "$*" in
        *sys.version_info*) echo 3.12 ;;
        "-m venv .cache/bench") mkdir -p .cache/bench/bin; cp "$0" .cache/bench/bin/python ;;
        *" $LACKS"*) echo "ERROR: no $LACKS" >&2; exit 1 ;;
        "-m pip"*) echo "$*" >>pip.log ;;
        esac""",
        encoding="utf-8",
    )
    python.chmod(0o755)
    return tmp_path


def make_bench_venv(folder, lacks):
    command = ["sh", folder / "tools" / "make_bench_venv.sh"]
    return subprocess.run(command, env=os.environ | {"LACKS": lacks}, capture_output=True, text=True, timeout=300)


def test_the_environment_is_made_once(scratch):
    done = make_bench_venv(scratch, "nothing")
    assert (done.returncode, done.stderr) == (0, "")
    assert len((scratch / "pip.log").read_text(encoding="utf-8").splitlines()) == 3
    assert make_bench_venv(scratch, "nothing").stdout == ""
    (scratch / "benchmarks" / "requirements-bench.txt").write_text("torch==3.0\n", encoding="utf-8")
    assert "Making" in make_bench_venv(scratch, "nothing").stdout


def test_what_does_not_install_is_left_out(scratch):
    done = make_bench_venv(scratch, "jaxlib")
    assert (done.returncode, done.stderr) == (0, "JAX is left out, pip could not install it: ERROR: no jaxlib\n")
    assert (scratch / ".cache" / "bench" / "stamp").exists()


def test_without_pytorch_there_is_no_environment(scratch):
    done = make_bench_venv(scratch, "torch")
    assert (done.returncode, done.stderr) == (1, "error: pip could not install PyTorch: ERROR: no torch\n")
    assert not (scratch / ".cache" / "bench" / "stamp").exists()
