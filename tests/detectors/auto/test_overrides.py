"""Overrides and margins: their formulas by hand, and a state that is restored."""

import json

import numpy as np

from detectors.auto.margins import CONFIG, ResidualStats, margin_from_noise, max_with_residual
from detectors.auto.overrides import CYCLE_DISTANCE, FLATLINE, Overrides, max_with_overrides


def normal(points, seed=0):
    return np.random.default_rng(seed).normal(size=points)


def test_margins_from_noise_by_hand():
    noise = np.array([1.0, 4.0, np.nan])
    stds = CONFIG.noise_stds
    np.testing.assert_allclose(margin_from_noise(noise, 1.0, 3.0, 50.0), [3 * stds, 12 * stds, 50.0])
    halfway = np.array([9.0, 18.0, 27.0]) * stds
    np.testing.assert_allclose(margin_from_noise(noise, 0.5, 3.0, 27 * stds), halfway)
    np.testing.assert_array_equal(margin_from_noise(noise, 0.0, 3.0, 50.0), 50.0)


def test_the_margin_of_normal_residuals_in_standard_deviations():
    stats = ResidualStats.fit(np.abs(normal(200_000)), 0.0)
    assert stats.mean + CONFIG.residual_stds * 3 * stats.std == np.float64(stats.mean + 8 * stats.std)
    assert 5.4 < stats.mean + 8 * stats.std < 5.8
    assert 9.3 < stats.margin(3.0) < 9.7
    assert ResidualStats(*stats.state()) == stats


def test_scores_with_overrides_by_hand():
    scores = np.array([0.5, 3.0, 0.5, np.nan])
    ratio = np.array([0.9, np.e, np.e**2, 1.0])
    np.testing.assert_allclose(max_with_overrides(scores, ratio, 2.0), [0.5, 3.0, 4.0, 0.0])


def test_scores_with_the_residual_by_hand():
    scores = np.array([0.5, 3.0, np.nan, 1.0])
    residual = np.array([4.0, 4.0, 4.0, np.nan])
    np.testing.assert_allclose(max_with_residual(scores, residual, 2.0, 8.0), [1.0, 3.0, 1.0, np.nan])


def test_overrides_are_restored_from_their_state():
    values = np.sin(2 * np.pi * np.arange(2400) / 24) * 1.4 + 0.1 * normal(2400)
    overrides = Overrides.fit(np.abs(0.1 * normal(2400)), values, (24,))
    restored = Overrides.from_state(json.loads(json.dumps(overrides.state())))
    assert restored == overrides
    assert set(restored.sigmas(values)) == {FLATLINE, CYCLE_DISTANCE}
