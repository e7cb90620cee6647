"""The noise model: standard deviation by phase, and when it is trusted."""

import numpy as np
import pytest

from detectors.auto.noise_model import CONFIG, NoiseModel


def normal(points, seed=0):
    return np.random.default_rng(seed).normal(size=points)


def test_plain_noise_has_full_confidence_and_its_own_std():
    noise = NoiseModel.fit(np.abs(0.1 * normal(5000)), 0)
    assert noise.confidence == 1
    np.testing.assert_allclose(noise.noise_std(np.zeros(300)), 0.1, rtol=0.05)


def test_one_outlier_in_thirty_points_hardly_changes_it():
    residuals = np.abs(0.1 * normal(5000))
    residuals[::30] = 3.0
    noise = NoiseModel.fit(residuals, 0)
    assert noise.confidence > 0.8
    assert noise.noise_std(residuals)[-1] < 0.115


@pytest.mark.parametrize(
    ("residuals", "why"),
    [
        (0.01 * np.abs(normal(5000)) ** 4, "a heavy tail: most are small, some always large"),
        (0.5 * np.abs(normal(5000)), "half of the series' std is not forecast"),
        (1e-4 * np.abs(normal(5000)), "forecast almost exactly: there is no noise to estimate"),
        (0.1 * np.abs(normal(150)), "too few"),
        (np.full(5000, np.nan), "none is known"),
        (np.zeros(5000), "all are 0"),
    ],
)
def test_other_residuals_have_no_confidence(residuals, why):
    noise = NoiseModel.fit(residuals, 0)
    assert noise.confidence == 0, why
    assert np.isnan(noise.noise_std(residuals)).all()


def test_the_noise_follows_the_phase_and_a_fault_does_not_widen_its_own_margin():
    at = np.arange(4800)
    residuals = np.abs(normal(4800)) * np.where(at % 96 < 48, 0.2, 0.06)
    noise = NoiseModel.fit(residuals, 96)
    std = noise.noise_std(residuals)
    day = (at % 96 > 10) & (at % 96 < 38) & (at > noise.warm_up)
    night = (at % 96 > 58) & (at % 96 < 86) & (at > noise.warm_up)
    assert np.median(std[day]) == pytest.approx(0.2, rel=0.2)
    assert np.median(std[night]) == pytest.approx(0.06, rel=0.2)
    fault = residuals.copy()
    fault[2400:2448] = 5.0
    np.testing.assert_array_equal(noise.noise_std(fault)[2400:2448], std[2400:2448])


def test_the_noise_of_a_phase_without_residuals_has_a_minimum():
    residuals = np.abs(0.1 * normal(4800))
    residuals[np.arange(4800) % 96 < 48] = 0.0
    noise = NoiseModel.fit(residuals, 96)
    assert noise.typical_residuals(residuals).min() == CONFIG.min_phase_ratio * noise.mean_residual
    assert (NoiseModel.fit(np.abs(0.1 * normal(4800)), 96).noise_std(residuals) >= CONFIG.min_noise).all()


def test_the_first_cycle_has_its_own_std():
    residuals = np.abs(0.1 * normal(4800))
    first = 96 + CONFIG.neighbours
    residuals[:first] *= 10
    std = NoiseModel.fit(residuals, 96).noise_std(residuals)
    assert std[:first].min() > 0.6
    assert np.median(std[first:]) < 0.12
    residuals[: first - 20] = np.nan
    assert np.isnan(NoiseModel.fit(residuals, 96).noise_std(residuals)[:first]).all()
