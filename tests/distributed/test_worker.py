"""What one worker does by itself: take its share of the images."""

from helpers.distributed.worker import share
from tests.tools.samples import few


def test_shares_are_disjoint_equal_and_nearly_all(digits):
    part = few(digits).train
    shares = [share(part, 3, index) for index in range(3)]
    assert [len(each) for each in shares] == [166] * 3
    rows = [image.tobytes() for each in shares for image in each.images]
    assert sorted(rows) == sorted(image.tobytes() for image in part.images[:498])
    assert [share(part, 1, 0).labels.tolist()] == [part.labels.tolist()]
