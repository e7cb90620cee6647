"""The LSTM: its optimizer, its training and the bounded memory of its predictions."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from model import DEFAULT_TRAINING, INPUTS, LSTMNetwork, choose_run_up, predict, train

ROOT = Path(__file__).parent.parent


def no_report(fraction):
    """Ignores progress."""


def example(points=1024, seed=0):
    """Inputs (n, INPUTS) and targets (n,): the product of the last two values of the first input."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(points, INPUTS)).astype(np.float32)
    targets = np.zeros(points)
    targets[1:] = inputs[1:, 0] * inputs[:-1, 0]
    return inputs, targets


def test_training_takes_the_steps_of_adam_without_the_compiler():
    code = (
        "import sys, torch, model\n"
        "def trained(kind):\n"
        "    torch.manual_seed(1)\n"
        "    network = torch.nn.Linear(3, 2)\n"
        "    steps = kind(network.parameters(), lr=0.1)\n"
        "    for _ in range(20):\n"
        "        steps.zero_grad()\n"
        "        torch.autograd.backward((network(torch.ones(5, 3)) ** 2).sum())\n"
        "        steps.step()\n"
        "    return torch.cat([each.detach().flatten() for each in network.parameters()])\n"
        "ours = trained(model.Adam)\n"
        "assert not {'torch._dynamo', 'sympy'} & set(sys.modules), 'the compiler was imported'\n"
        "assert torch.equal(ours, trained(torch.optim.Adam))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_untrained_network_adds_nothing():
    inputs, _ = example(300)
    np.testing.assert_array_equal(predict(LSTMNetwork(8), inputs, 0, DEFAULT_TRAINING, no_report), np.zeros(300))


def test_training_lowers_the_loss_of_a_learnable_target():
    network, ratio = train(*example(8192), 0, DEFAULT_TRAINING, no_report)
    assert network is not None
    assert ratio < 0.9


def test_noise_gives_no_network():
    inputs, _ = example()
    network, ratio = train(inputs, np.random.default_rng(1).normal(size=len(inputs)), 0, DEFAULT_TRAINING, no_report)
    assert network is None
    assert ratio > DEFAULT_TRAINING.max_loss_ratio


def test_a_short_series_is_not_trained_on():
    inputs, targets = example(DEFAULT_TRAINING.min_points - 1)
    assert train(inputs, targets, 0, DEFAULT_TRAINING, no_report) == (None, None)


def test_several_outputs_are_predicted_together():
    inputs, targets = example(8192)
    network, _ = train(inputs, np.column_stack([targets, targets]), 0, DEFAULT_TRAINING, no_report)
    assert predict(network, inputs, 0, DEFAULT_TRAINING, no_report).shape == (8192, 2)
    restored = LSTMNetwork.from_weights(network.weights(), DEFAULT_TRAINING.hidden_size)
    np.testing.assert_array_equal(
        predict(restored, inputs, 0, DEFAULT_TRAINING, no_report),
        predict(network, inputs, 0, DEFAULT_TRAINING, no_report),
    )


def test_the_last_points_are_predicted_from_two_chunks():
    inputs, targets = example(8192)
    network, _ = train(inputs, targets, 0, DEFAULT_TRAINING, no_report)
    network, config = choose_run_up(network, inputs, DEFAULT_TRAINING, 1.0)
    complete = predict(network, inputs, 0, config, no_report)
    first = len(inputs) - 2 * config.chunk_length - 10
    last = predict(network, inputs[first:], first, config, no_report)
    np.testing.assert_allclose(last[-10:], complete[-10:], atol=1e-6)
