"""`regulars resolve` reads what spreadsheets and other systems write, and names what it cannot."""

import csv
from pathlib import Path

import pytest

from regulars.cli.resolve import resolve_file
from regulars.core.errors import Refused

PEOPLE = [
    ("id", "name", "dob"),
    ("1", "Пётр Иванов", "1981-02-03"),
    ("2", "Мария Петрова", "1975-06-07"),
    ("3", "Петр Иванов", "03.02.1981"),
]


def clusters(tmp_path: Path, content: bytes) -> list[str]:
    file, out = tmp_path / "people.csv", tmp_path / "clusters.csv"
    file.write_bytes(content)
    resolve_file(file, columns="", id_column="", out=out)
    with out.open(encoding="utf-8", newline="") as told:
        return [row["cluster_id"] for row in csv.DictReader(told)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "koi8-r"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_any_usual_encoding_and_delimiter_is_read(tmp_path: Path, encoding: str, mark: str) -> None:
    text = "".join(mark.join(row) + "\r\n" for row in PEOPLE)
    assert clusters(tmp_path, text.encode(encoding)) == ["1", "2", "1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,name,dob\n", []),
        ("id,name,dob\n1,,\n2,n/a,0000-00-00\n", ["1", "2"]),
        ("id,name,dob\n1,Ann Bee,1980-01-02\n2,Cy\n3,Ann Bee,1980-01-02\n", ["1", "2", "1"]),
        ('id,name,dob\n1,"Ann\nBee",1980-01-02\n2\n3,Ann Bee,1980-01-02\n', ["1", "2", "1"]),
        ("id,name,dob\n#1,Ann Bee,1980-01-02\n#2,Ann Bee,1980-01-02\n", ["#1", "#1"]),
    ],
    ids=["header only", "placeholders only", "short row", "short row and break", "hash marks"],
)
def test_odd_files_lose_no_record(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert clusters(tmp_path, text.encode()) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,name\n1,Ann\n2,Bee,Cy\n", "line 3 has 3 cells, the header has 2"),
        ("id,name\n1,Ann\n1,Bee\n", "1 is there more than once"),
        ("id,name\n,Ann\n,Bee\n", "an empty id is there more than once"),
        ("", "the file is empty"),
    ],
    ids=["long row", "id twice", "no ids", "empty"],
)
def test_a_file_that_cannot_be_read_names_the_place(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        clusters(tmp_path, text.encode())
    assert not (tmp_path / "clusters.csv").exists()


def test_a_regular_whose_every_visit_is_a_record_is_one_person(tmp_path: Path) -> None:
    people = [
        "Ann Cooper,1980-01-02,Leeds",
        "Boris Adler,1955-11-30,York",
        "Clara Wong,1999-07-14,",
    ]
    rows = [f"{place},{people[place % 3]}\n" for place in range(600)]
    text = "id,name,dob,city\n" + "".join(rows) + "600,Clara Wong,14.07.1999,Bath\n601,John,,\n"
    found = clusters(tmp_path, text.encode())
    assert found[:600] == [str(place % 3) for place in range(600)]
    assert found[600:] == ["2", "601"]


def test_a_name_alone_makes_nobody_one_person_however_often_it_is_there(tmp_path: Path) -> None:
    rows = "".join(f"{place},John\n" for place in range(100))
    assert len(set(clusters(tmp_path, f"id,name\n{rows}".encode()))) == 100
