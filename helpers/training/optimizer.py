"""Plain stochastic gradient descent, as fast as a CPU can take its steps.

Chapters 2 and 3.
"""

import mxnet as mx

PLAIN_SGD = "plainsgd"  # the name by which MXNet knows the class below, once this module is imported


@mx.optimizer.register
class PlainSGD(mx.optimizer.Optimizer):
    """`optimizer=PLAIN_SGD`: w <- w - learning_rate * (rescale_grad * gradient + wd * w), with no momentum.

    It does what `optimizer="sgd"` does. That one updates several arrays at a time (`mx.nd.multi_sgd_update`), which
    was made for graphics cards; on a CPU it takes 1.6 times as long for each number as `mx.nd.sgd_update`.
    """

    def create_state(self, index: int, weight: mx.nd.NDArray) -> None:
        """There is nothing to remember between updates."""

    def update(self, index: int, weight: mx.nd.NDArray, grad: mx.nd.NDArray, state: None) -> None:
        """Change `weight` in place by one step against `grad`, of the same shape."""
        self._update_count(index)
        settings = {"lr": self._get_lr(index), "wd": self._get_wd(index), "rescale_grad": self.rescale_grad}
        mx.nd.sgd_update(weight, grad, out=weight, **settings)
