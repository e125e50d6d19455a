"""PyTorch: eager, with its DataLoader, with the memory format channels_last, and compiled."""

import os
from functools import cached_property

import torch
import torch.nn.functional as F
from serve import BATCH
from torch import nn


def make(network: str) -> nn.Module:
    """The same network as in helpers.networks, without its softmax; parameters as PyTorch chooses them."""
    if network == "mlp":
        sizes = (nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
        return nn.Sequential(nn.Flatten(), *sizes)
    if network == "lenet":
        first = (nn.Conv2d(1, 20, 5), nn.Tanh(), nn.MaxPool2d(2))
        second = (nn.Conv2d(20, 50, 5), nn.Tanh(), nn.MaxPool2d(2))
        return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(800, 500), nn.Tanh(), nn.Linear(500, 10))
    parts, channels = [], 1
    for filters in (32, 64, 128):
        parts += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.3)]
        channels = filters
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(1152, 625), nn.ReLU(), nn.Dropout(0.3), nn.Linear(625, 10))


class Peer:
    batch_sizes = (100, 1000)

    def __init__(self, network: str, form: str, data: dict):
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        torch.manual_seed(0)
        self.versions = {"torch": torch.__version__}
        self.compiled = "compile" in form
        last = "channels_last" in form
        self.format = torch.channels_last if last else torch.contiguous_format
        self.name = "channels_last" if last else "eager"
        self.model = make(network).to(memory_format=self.format)
        self.images = torch.from_numpy(data["train_images"]).to(memory_format=self.format)
        self.labels = torch.from_numpy(data["train_labels"])
        parameters = self.model.parameters()
        if network == "dropout-cnn":
            self.optimizer = torch.optim.Adam(parameters, 0.001, fused=True)
        else:
            self.optimizer = torch.optim.SGD(parameters, 0.1, fused=True)
        self.batches = self.loaded if "DataLoader" in form else self.gathered
        self.forward = torch.compile(self.loss_and_hits) if self.compiled else self.loss_and_hits

    def loss_and_hits(self, images, labels):
        logits = self.model(images)
        return F.cross_entropy(logits, labels), (logits.argmax(1) == labels).sum()

    def train(self, session) -> None:
        while session.go():
            session.done(self.epoch())

    def epoch(self) -> float:
        """Train once on all full batches; the share of hits."""
        self.model.train()
        hits = torch.zeros((), dtype=torch.long)
        for images, labels in self.batches():
            loss, right = self.forward(images, labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            hits += right
        return hits.item() / (len(self.images) // BATCH * BATCH)

    def gathered(self):
        """Shuffled batches, the fastest way: each gathered at once."""
        order = torch.randperm(len(self.images))
        for i in range(0, len(order) // BATCH * BATCH, BATCH):
            chosen = order[i : i + BATCH]
            yield self.images.index_select(0, chosen), self.labels.index_select(0, chosen)

    def loaded(self):
        """Shuffled batches as PyTorch's tutorials make them."""
        data = torch.utils.data.TensorDataset(self.images, self.labels)
        return torch.utils.data.DataLoader(data, BATCH, shuffle=True, drop_last=True)

    def predict(self, images):
        return self.answerer(self.model.eval())(images)

    def answerer(self, model):
        def answer(images):
            with torch.inference_mode():
                return model(torch.from_numpy(images).to(memory_format=self.format)).softmax(1).numpy()

        return answer

    @cached_property
    def answerers(self) -> dict:
        model = self.model.eval()
        if self.compiled:
            ways = {"compile": self.answerer(torch.compile(model, dynamic=False))}
        else:
            ways = {self.name: self.answerer(model)}
            example = self.images[:1]
            try:
                traced = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, example)))
                ways["jit"] = self.answerer(traced)
                ways["jit"](example.numpy())
            except RuntimeError as error:  # a way fewer, no reason to lose the others
                print(f"no torch.jit: {error}", flush=True)
                ways.pop("jit", None)
        return {name: (lambda image, f=f: f(image[None, None])[0], f) for name, f in ways.items()}
