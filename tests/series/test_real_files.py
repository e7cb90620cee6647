"""Every real file in the shared data reads, and nothing is repaired but what is really wrong in it."""

from pathlib import Path

import pytest

from series import read_csv

DATA = Path(__file__).parent.parent.parent / ".." / "shared" / "data"
FILES = sorted([*DATA.glob("nab/*/*.csv"), *DATA.glob("labelled/*.csv.gz")])

DUPLICATES = {
    "ec2_disk_write_bytes_1ef3de.csv": 11,
    "ec2_network_in_5abac7.csv": 11,
    "exchange-2_cpc_results.csv": 1,
    "exchange-2_cpm_results.csv": 1,
    "machine_temperature_system_failure.csv": 12,
    "occupancy_t4013.csv": 1,
}
"""Rows of the Numenta files that repeat a time, most of them in autumn's double hour."""


@pytest.mark.skipif(not FILES, reason=f"no real series: {DATA} is missing")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_file_reads_without_repairs(path: Path) -> None:
    table = read_csv(path.read_bytes(), name=path.stem)
    repairs = {repair.code: repair.count for repair in table.repairs}
    assert repairs.pop("duplicate_times", 0) == DUPLICATES.get(path.name, 0)
    assert repairs.pop("order_mended", 0) == (path.name == "machine_temperature_system_failure.csv")
    assert repairs == {}
    assert (table.time_column == "timestamp") == ("nab" in path.parts)
    assert next(iter(table.columns)) == "value"
    assert table.name == path.stem
