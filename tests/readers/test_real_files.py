"""Every real file in the shared data is read, with repairs only for its real defects."""

from pathlib import Path

from readers import read_csv
from tests.real_series import DATA, each_of

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


@each_of(FILES)
def test_a_real_file_reads_without_repairs(file: Path) -> None:
    table = read_csv(file.read_bytes(), name=file.stem)
    repairs = {repair.code: repair.count for repair in table.repairs}
    assert repairs.pop("duplicate_times", 0) == DUPLICATES.get(file.name, 0)
    assert repairs.pop("rows_sorted", 0) == (file.name == "machine_temperature_system_failure.csv")
    assert repairs == {}
    assert (table.time_column == "timestamp") == ("nab" in file.parts)
    assert next(iter(table.columns)) == "value"
    assert table.name == file.stem
