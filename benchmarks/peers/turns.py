"""The processes of one network's forms, and their turns.

They train an epoch each in turn, first by themselves (quiet), then beside a process that keeps one core busy. Then they
answer in turn.
"""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from busy import busy_core

ENVIRONMENT = dict(os.environ)  # of the driver before it imports helpers, which sets variables meant for MXNet alone
SERVE = Path(__file__).parent / "serve.py"
SETTLE = 0.4  # seconds; the threads of a library go on turning for up to 0.2 after its work
LATENCY_ROUNDS, LATENCY_IMAGES, THROUGHPUT_ROUNDS = 3, 100, 5


class PeerError(Exception):
    """A peer that did not start or has ended; the reason, on one line."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def short(text: str) -> str:
    """`text` with the last part alone of each absolute path, so that results name no folder of a machine."""
    return re.sub(r"(?<![\w.~/:])/(?:[^\s/:'\",]+/)+", "", text)


def environment(form: str, network: str | None, options, folder: Path) -> dict[str, str]:
    """By the form's name MXNet without `helpers.base.speed`; what PyTorch compiles is compiled anew in each run."""
    found = ENVIRONMENT | {"KERAS_BACKEND": "tensorflow"}
    found["TORCHINDUCTOR_CACHE_DIR"] = str(folder / f"{network}-{form}-compiled".replace(" ", "-"))
    return found | ({"DIGITS_SPEED": "0"} if form == "mxnet stock" else {})


class Peer:
    """The process of one form for one network; `versions` of its packages, `ready`: seconds until it could train."""

    def __init__(self, form: str, network: str, options, folder: Path):
        python = sys.executable if form.startswith("mxnet") else options.peers_python
        self._log = folder / f"{network}-{form}.log".replace(" ", "-")
        command = [python, SERVE, "--form", form, "--network", network, "--data", folder]
        start = time.perf_counter()
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with self._log.open("w") as log:
            try:
                self._process = subprocess.Popen(
                    command, stderr=log, env=environment(form, network, options, folder), **pipes
                )
            except OSError as error:
                raise PeerError(f"{short(str(python))} cannot be started: {error.strerror}") from error
        try:
            self.versions = self._read()["versions"]
            self.ready = time.perf_counter() - start
        except BaseException:
            self.end()
            raise

    def ask(self, do: str, **more) -> dict:
        with suppress(BrokenPipeError):  # it has ended, and `_read` says why
            self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
            self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict:
        line = self._process.stdout.readline()
        answer = json.loads(line) if line.endswith("\n") else {"error": None}
        if "error" not in answer:
            return answer
        if answer["error"] is None:
            said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            last = next((line.strip() for line in reversed(said) if line.strip()), "it said nothing")
            answer["error"] = f"ended with code {self._process.wait()}: {last}"
        raise PeerError(short(answer["error"]))

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


class Turns:
    """All forms of one network, `figures` of each by name, or {"error": why}."""

    def __init__(self, network: str, options, folder: Path, samples: int):
        self.network, self.samples = network, samples
        self.figures, self.versions, self._peers, self._turn = {}, {}, {}, 0
        for name in options.forms:
            if network == "mlp" and "channels_last" in name:
                continue  # it has no channels
            self.figures[name] = {}
            try:
                self._peers[name] = Peer(name, network, options, folder)
                self.versions |= self._peers[name].versions
                self.figures[name]["ready"] = [self._peers[name].ready]
            except PeerError as error:
                self._fail(name, error)
            except BaseException:
                self.end()
                raise

    def _fail(self, name: str, error: PeerError) -> None:
        say(f"{self.network}, {name}: {error}")
        self.figures[name] = {"error": str(error)}
        if name in self._peers:
            self._peers.pop(name).end()

    def ask(self, do: str, keep: str | None = None, **more) -> None:
        """Have each form do the same, in an order that starts with another one each time, and keep the answers.

        keep: the name that they are kept by, if it is not that of the command.
        """
        names = list(self.figures)
        first = self._turn % max(1, len(names))
        for name in names[first:] + names[:first]:
            if name in self._peers:
                time.sleep(SETTLE)
                try:
                    answer = self._peers[name].ask(do, **more)
                except PeerError as error:
                    self._fail(name, error)
                else:
                    if do == "epoch":
                        rate = self.samples / answer["seconds"]
                        say(f"{self.network}, {name}: {rate:,.0f} samples/s{f', {keep}' if keep else ''}")
                    self.figures[name].setdefault(keep or do, []).append(answer)

    def run(self, epochs: int) -> dict[str, dict]:
        """The raw figures by form: lists by epoch, the first one's seconds apart, and by way of answering."""
        for self._turn in range(epochs + 1):
            self.ask("epoch")
            self.ask("accuracy")
        with busy_core():
            for self._turn in range(epochs):
                self.ask("epoch", keep="busy")
        self.ask("memory")
        for self._turn in range(LATENCY_ROUNDS):
            self.ask("latency", first=LATENCY_IMAGES * self._turn, count=LATENCY_IMAGES)
        for self._turn in range(THROUGHPUT_ROUNDS):
            self.ask("throughput")
        return {name: told if "error" in told else arranged(told) for name, told in self.figures.items()}

    def end(self) -> None:
        for peer in self._peers.values():
            peer.end()


def arranged(told: dict[str, list[dict]]) -> dict:
    """The answers of one form, a list for each command, as lists of numbers."""
    first, *rest = (answer["seconds"] for answer in told["epoch"])
    ways, sizes = told["latency"][0]["ms"], told["throughput"][0]["images_per_s"]
    return {
        "ready_seconds": told["ready"][0],
        "first_seconds": first,
        "epoch_seconds": rest,
        "busy_seconds": [answer["seconds"] for answer in told["busy"]],
        "training_accuracies": [answer["training_accuracy"] for answer in told["epoch"]],
        "accuracies": [answer["accuracy"] for answer in told["accuracy"]],
        "memory_mb": told["memory"][0]["memory_mb"],
        "latency_ms": {way: [round(t, 4) for answer in told["latency"] for t in answer["ms"][way]] for way in ways},
        "images_per_s": {way: [answer["images_per_s"][way] for answer in told["throughput"]] for way in sizes},
    }
