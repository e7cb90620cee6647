"""Demo data: deterministic for a seed, labelled exactly, each kind and each fault as its name says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import data_generation as dg
from errors import BadParameter, UnknownName
from timeseries import Series
from timeseries.robust import q5_q95_std

START, LENGTH = 1000, 120


def inject(anomaly, size=3.0, kind="seasonal", seed=0):
    """The clean and the changed values of the interval with the fault, and the complete clean series."""
    series = dg.clean(kind, 2000, seed)
    changed = dg.inject_fault(series, anomaly, START, LENGTH, size, seed)
    interval = slice(START, START + LENGTH)
    return series.values[interval], changed.values[interval], series


def autocorrelation(values, lag):
    values = values - values.mean()
    return float(np.dot(values[lag:], values[:-lag]) / np.dot(values, values))


@pytest.mark.parametrize("kind", dg.KINDS)
class TestEachKind:
    def test_same_seed_same_series(self, kind):
        one, two, other = dg.demo(kind, 500, 7), dg.demo(kind, 500, 7), dg.demo(kind, 500, 8)
        np.testing.assert_array_equal(one.series.values, two.series.values)
        np.testing.assert_array_equal(one.labels, two.labels)
        assert one.anomalies == two.anomalies
        assert not np.array_equal(one.series.values, other.series.values)

    @given(points=st.integers(50, 3000), seed=st.integers(0, 2**32 - 1))
    def test_labels_are_the_changed_intervals(self, kind, points, seed):
        generated, clean = dg.demo(kind, points, seed), dg.clean(kind, points, seed)
        changed = generated.series.values != clean.values
        assert not (changed & ~generated.labels).any(), "a value outside the labels differs"
        for _, start, stop in generated.anomalies:
            assert changed[start] and changed[stop - 1]
            assert changed[start:stop].mean() > 0.8
        assert generated.labels.sum() == sum(stop - start for _, start, stop in generated.anomalies)
        assert not generated.labels[: points // 4].any()
        assert generated.labels.mean() < 0.2
        assert list(generated.anomalies) == sorted(generated.anomalies, key=lambda anomaly: anomaly[1])

    @pytest.mark.parametrize("seed", range(5))
    def test_every_fault_can_be_requested(self, kind, seed):
        generated = dg.demo(kind, 2000, seed, list(dg.FAULTS))
        assert sorted(name for name, _, _ in generated.anomalies) == sorted(dg.FAULTS)

    def test_times_rise_by_one_step_from_a_monday(self, kind):
        times = dg.clean(kind, 50).times
        assert times is not None
        assert set(np.diff(times).astype(int)) == {dg.KINDS[kind].step_ms}
        assert str(times[0]) == "2026-01-05T00:00:00.000"

    def test_values_are_possible(self, kind):
        values = dg.demo(kind, 2000, 3, list(dg.FAULTS)).series.values
        assert np.isfinite(values).all()
        assert values.min() >= dg.KINDS[kind].min_value
        if dg.KINDS[kind].is_integer:
            np.testing.assert_array_equal(values, np.rint(values))

    def test_is_described(self, kind):
        described = dg.KINDS[kind]
        assert described.name == kind
        assert described.title
        assert described.help.endswith(".")
        assert set(described.default_faults) <= set(dg.FAULTS)


def test_seasonal_has_a_daily_and_a_weekly_shape():
    values = dg.clean("seasonal", 24 * 7 * 20).values
    assert autocorrelation(values, 24) > 0.85
    assert autocorrelation(values, 12) < -0.7
    assert autocorrelation(values, 24 * 7) > autocorrelation(values, 24 * 4) + 0.02


def test_trend_rises():
    values = dg.clean("trend", 2000).values
    assert values[-240:].mean() - values[:240].mean() == pytest.approx(40 * 0.88, abs=1)


def test_business_hours_are_busy_by_day_on_working_days():
    values = dg.clean("business_hours", 48 * 7 * 10).values.reshape(10, 7, 48)
    day, night, weekend = values[:, :5, 20:24].mean(), values[:, :, :12].mean(), values[:, 5:, 20:24].mean()
    assert day > 4 * weekend > 8 * night


def test_counts_have_the_variance_of_a_poisson_process():
    values = dg.clean("counts", 96 * 400).values.reshape(400, 96)
    np.testing.assert_allclose(values.var(axis=0), values.mean(axis=0), rtol=0.4)
    assert values[:, 48].mean() == pytest.approx(160, rel=0.05)


def test_heartbeat_beats_one_time_each_cycle():
    values = dg.clean("heartbeat", 4000).values
    high = values > 0.6
    beats = np.count_nonzero(high[1:] & ~high[:-1])
    assert beats == pytest.approx(100, abs=3)


def test_random_walk_has_independent_steps():
    steps = np.diff(dg.clean("random_walk", 20_000).values)
    assert abs(autocorrelation(steps, 1)) < 0.03
    assert steps.std() == pytest.approx(1, rel=0.03)


def test_machine_temperature_moves_slowly():
    values = dg.clean("machine_temperature", 5000).values
    assert np.diff(values).std() < values.std() / 3
    assert 70 < values.min() < values.max() < 100


@pytest.mark.parametrize("anomaly", dg.FAULTS)
def test_inject_fault_changes_only_its_interval_and_not_its_input(anomaly):
    series = dg.clean("seasonal", 2000)
    before = series.values.copy()
    changed = dg.inject_fault(series, anomaly, START, LENGTH)
    np.testing.assert_array_equal(series.values, before)
    outside = np.r_[0:START, START + LENGTH : 2000]
    np.testing.assert_array_equal(changed.values[outside], before[outside])
    assert (changed.values != before)[START : START + LENGTH].mean() > 0.95
    second = dg.inject_fault(series, anomaly, START, LENGTH)
    np.testing.assert_array_equal(changed.values, second.values)


@pytest.mark.parametrize("anomaly", dg.FAULTS)
def test_inject_fault_preserves_missing_values(anomaly):
    values = dg.clean("seasonal", 200).values.copy()
    values[::3] = np.nan
    for start, length in [(0, 200), (0, 1), (199, 1), (50, 20)]:
        changed = dg.inject_fault(Series(None, values), anomaly, start, length)
        np.testing.assert_array_equal(np.isnan(changed.values), np.isnan(values))


def test_spike_rises_and_dip_falls_by_size():
    for anomaly, sign in [("spike", 1), ("dip", -1)]:
        clean, changed, series = inject(anomaly, size=4)
        change = sign * (changed - clean)
        assert change.min() > 0
        assert change.max() == pytest.approx(4 * q5_q95_std(series.values))


def test_level_shift_moves_all_by_size_up_or_down():
    signs = set()
    for seed in range(10):
        clean, changed, series = inject("level_shift", size=2, seed=seed)
        np.testing.assert_allclose(np.abs(changed - clean), 2 * q5_q95_std(series.values))
        signs.add(np.sign(changed[0] - clean[0]))
    assert signs == {-1, 1}


def test_drift_grows_to_size():
    clean, changed, series = inject("drift", size=2)
    change = np.abs(changed - clean)
    assert (np.diff(change) > 0).all()
    assert change[-1] == pytest.approx(2 * q5_q95_std(series.values))


def test_changed_amplitude_widens_by_one_plus_size():
    clean, changed, _ = inject("changed_amplitude", size=2)
    assert changed.std() == pytest.approx(3 * clean.std())


def test_changed_frequency_passes_cycles_faster():
    clean, changed, _ = inject("changed_frequency", size=1)
    assert autocorrelation(clean, 12) < -0.5
    assert autocorrelation(changed, 12) > 0.5


def test_flat_line_holds_the_value_before():
    _, changed, series = inject("flat_line")
    assert set(changed) == {series.values[START - 1]}


def test_noise_burst_adds_noise_of_size():
    clean, changed, series = inject("noise_burst", size=2)
    assert (changed - clean).std() == pytest.approx(2 * q5_q95_std(series.values), rel=0.2)


def test_missing_cycle_leaves_only_noise():
    clean, changed, _ = inject("missing_cycle", kind="seasonal")
    assert changed.std() < clean.std() / 2
    assert 1 < np.diff(changed).std() / np.sqrt(2) < 4  # the noise of this kind is 2


@pytest.mark.parametrize(
    ("values", "expected"),
    [(np.full(9, 5.0), 1.0), (np.full(9, np.nan), 1.0), (np.r_[np.zeros(99), 100.0], np.r_[np.zeros(99), 100.0].std())],
)
def test_robust_deviation_is_never_zero(values, expected):
    assert q5_q95_std(values) == pytest.approx(expected)


def test_robust_deviation_is_the_standard_deviation_of_gaussian_noise():
    assert q5_q95_std(np.random.default_rng(0).normal(0, 3, 100_000)) == pytest.approx(3, rel=0.02)


@pytest.mark.parametrize(
    ("call", "error", "word"),
    [
        (lambda: dg.demo("tides"), UnknownName, "tides"),
        (lambda: dg.clean("tides"), UnknownName, "seasonal"),
        (lambda: dg.demo(anomalies=["ghost"]), UnknownName, "ghost"),
        (lambda: dg.demo(points=49), BadParameter, "points"),
        (lambda: dg.demo(points=1_000_001), BadParameter, "points"),
        (lambda: dg.demo(seed=-1), BadParameter, "seed"),
        (lambda: dg.demo(points=50, anomalies=["spike"] * 4), BadParameter, "3 anomalies at most"),
        (lambda: dg.inject_fault(dg.clean(), "spike", 1999, 2), BadParameter, "2000 points"),
        (lambda: dg.inject_fault(dg.clean(), "spike", 5, 1, size=0), BadParameter, "size"),
        (lambda: dg.inject_fault(dg.clean(), "ghost", 5, 1), UnknownName, "flat_line"),
    ],
)
def test_bad_input_is_one_clear_error(call, error, word):
    with pytest.raises(error) as caught:
        call()
    assert word in caught.value.message


NOW = 1_790_000_000_000


class TestStream:
    @given(
        start=st.integers(-(10**12), 4 * 10**12),
        cuts=st.lists(st.integers(0, 700), max_size=4),
        seed=st.integers(0, 2**32 - 1),
    )
    def test_is_the_same_however_the_times_are_split(self, start, cuts, seed):
        times = start + np.arange(700, dtype=np.int64) * dg.STREAM_STEP_MS
        complete = dg.stream_values(times, seed)
        parts = [dg.stream_values(part, seed) for part in np.split(times, sorted(cuts))]
        for column, pieces in zip(complete, zip(*parts, strict=True), strict=True):
            np.testing.assert_array_equal(column, np.concatenate(pieces))
        backwards = dg.stream_values(times[::-1], seed)
        np.testing.assert_array_equal(complete[0], backwards[0][::-1])

    def test_holds_its_value_for_one_step(self):
        values, _, _ = dg.stream_values(np.arange(NOW, NOW + 300))
        assert len(set(values)) == 3

    def test_another_seed_is_another_stream(self):
        times = np.arange(NOW, NOW + 100_000, 100)
        assert not np.array_equal(dg.stream_values(times, 0)[0], dg.stream_values(times, 1)[0])

    def test_outside_faults_it_is_the_expected_value_and_unit_noise(self):
        values, expected, labels = dg.stream_values(np.arange(NOW, NOW + 20_000_000, 100))
        noise = (values - expected)[~labels]
        assert noise.mean() == pytest.approx(0, abs=0.02)
        assert noise.std() == pytest.approx(1, rel=0.02)
        assert abs(autocorrelation(noise, 1)) < 0.02
        assert np.abs(noise).max() < 6

    def test_has_a_fault_in_half_of_its_blocks(self):
        _, _, labels = dg.stream_values(np.arange(NOW, NOW + 20_000_000, 100))
        edges = np.count_nonzero(labels[1:] & ~labels[:-1])
        assert 200_000 / 300 * 0.4 < edges < 200_000 / 300 * 0.6
        assert 0.03 < labels.mean() < 0.1

    def test_nine_faults_in_ten_exceed_five_std(self):
        values, expected, labels = dg.stream_values(np.arange(NOW, NOW + 20_000_000, 100))
        starts = np.flatnonzero(np.diff(labels.astype(int)) == 1) + 1
        stops = np.flatnonzero(np.diff(labels.astype(int)) == -1) + 1
        exceeds_five_std = [
            np.abs(values - expected)[a:b].max() > 5 for a, b in zip(starts, stops, strict=False) if b > a
        ]
        assert np.mean(exceeds_five_std) > 0.9
