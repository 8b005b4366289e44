"""The counting of a network's costs, against FLOPs and bytes by hand."""

import pytest
import torch
from torch import nn

from tests.bench.adm import Step
from tests.bench.counting import Counted, forward, forward_backward, weight_bytes


def chain(width, dtype=torch.float32):
    """width -> 2 width -> sigmoid -> width, without biases."""
    with torch.device("meta"):
        layers = nn.Linear(width, 2 * width, bias=False), nn.Sigmoid(), nn.Linear(2 * width, width, bias=False)
        return nn.Sequential(*layers).to(dtype).requires_grad_(False)


def points(n, width, dtype=torch.float32):
    return torch.empty(n, width, device="meta", dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("n", "width"), [(3, 8), (6, 8), (3, 16)])
def test_two_layers_by_hand(n, width, dtype):
    """Two products of 2 n width 2 width FLOPs each way: the weights are frozen."""
    network, x, size = chain(width, dtype), points(n, width, dtype), dtype.itemsize
    plain, guided = forward(network, x), forward_backward(network, x)
    assert plain.flops == 2 * (4 * n * width**2)
    assert guided.flops == 2 * plain.flops
    assert weight_bytes(network) == 4 * width**2 * size
    assert plain.peak_bytes == 4 * n * width * size  # before and after the sigmoid; the first then goes
    assert guided.peak_bytes >= plain.peak_bytes


def test_a_convolution_by_hand():
    with torch.device("meta"):
        network = nn.Conv2d(5, 7, 3, padding=1, bias=False).requires_grad_(False)
    x = torch.empty(2, 5, 11, 13, device="meta")
    plain = forward(network, x)
    assert plain.flops == 2 * (2 * 11 * 13) * 7 * 5 * 9
    assert plain.peak_bytes == 4 * 2 * 7 * 11 * 13
    assert plain.operations == 1


def test_what_backward_needs_is_kept_and_what_it_does_not_is_freed():
    class Deep(nn.Module):
        def forward(self, x):
            for _ in range(10):
                x = x.sigmoid()
            return x

    x = points(4, 100)
    one = 4 * 400
    assert forward(Deep(), x).peak_bytes == 2 * one
    assert 10 * one <= forward_backward(Deep(), x).peak_bytes <= 13 * one


def test_views_cost_nothing():
    assert forward(lambda x: x.reshape(-1)[3:].view(1, -1).transpose(0, 1), points(4, 100)).peak_bytes == 0


def test_a_picture_is_its_plain_and_its_guided_evaluations():
    step = Step(Counted(3, 0, 0), Counted(10, 2**30, 0), 2**29)
    assert step.flops(20, 14) == 6 * 3 + 14 * 10
    assert step.gib == 1.5
