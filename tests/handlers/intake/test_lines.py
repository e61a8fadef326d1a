"""A file as lines: numbered, bounded, and with its encoding looked at first."""

from pathlib import Path

import pytest

from handlers.intake import lines as module
from handlers.intake.errors import (
    EmptyFileError,
    NoSuchFileError,
    NotAFileError,
    UnreadableFileError,
    WrongEncodingError,
)
from handlers.intake.lines import Line, Lines


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    return path


def test_lines_are_numbered_as_an_editor_does(tmp_path: Path) -> None:
    with Lines(_file(tmp_path, b"\xef\xbb\xbfone\r\n\n  \nfour\nfive")) as lines:
        assert list(lines) == [Line(1, b"one", 3), Line(4, b"four", 4), Line(5, b"five", 4)]
        assert lines.consumed == lines.size


def test_lines_put_back_come_again(tmp_path: Path) -> None:
    with Lines(_file(tmp_path, b"1\n\n3\n4\n")) as lines:
        assert lines.peek().raw == b"1"
        taken = [lines.next(), lines.next(blank=True), lines.next(blank=True)]
        lines.put_back([line for line in taken if line])
        assert [line.number for line in lines] == [1, 3, 4]


def test_a_line_without_end_is_cut_and_its_length_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE", 10)
    with Lines(_file(tmp_path, b"x" * 35 + b"\nshort\n" + b"y" * 10 + b"\n" + b"z" * 11)) as lines:
        found = list(lines)
        assert lines.consumed == lines.size
    assert [(line.number, line.raw, line.cut) for line in found] == [
        (1, b"x" * 10, True),
        (2, b"short", False),
        (3, b"y" * 10, False),
        (4, b"z" * 10, True),
    ]
    assert found[0].length == 36


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("customer".encode("utf-16"), "UTF-16"),
        ("customer".encode("utf-16-be"), None),
        (b"\xfe\xff" + "customer".encode("utf-16-be"), "UTF-16"),
        ("customer".encode("utf-32"), "UTF-32"),
    ],
)
def test_another_encoding_is_told_by_its_mark(tmp_path: Path, content: bytes, encoding: str | None) -> None:
    path = _file(tmp_path, content)
    if encoding is None:
        with Lines(path) as lines:
            assert b"\0" in lines.peek().raw
        return
    with pytest.raises(WrongEncodingError) as refused:
        Lines(path)
    assert refused.value.params == {"path": str(path), "encoding": encoding}


def test_what_is_no_file_to_read(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFileError):
        Lines(tmp_path / "nothing.csv")
    with pytest.raises(NotAFileError):
        Lines(tmp_path)
    with pytest.raises(UnreadableFileError):
        Lines(tmp_path / ("long" * 1000))
    with pytest.raises((UnreadableFileError, NoSuchFileError)):
        Lines(tmp_path / "nul\0")
    for content in (b"", b"\n \r\n", b"\xef\xbb\xbf"):
        with Lines(_file(tmp_path, content)) as lines, pytest.raises(EmptyFileError):
            lines.peek()
