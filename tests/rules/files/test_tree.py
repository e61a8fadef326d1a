"""YAML read strictly: texts as they were written, and everything dangerous or unclear refused at its line, quickly."""

import contextlib
import time

import pytest

from rules.files.mistakes import BadFileError
from rules.files.tree import LONGEST_FILE, MOST_DEPTH, Fields, Items, Scalar, read_tree


def test_every_value_is_the_text_that_was_written() -> None:
    text = "yes: no\n1e3: 0x10\n? 'x'\n: 2026-01-01\nd: [null, ~, \"~\", 1_000]\n"
    tree, refused = read_tree(text)
    assert refused == ()
    assert tree == Fields(
        1,
        (
            (Scalar(1, "yes"), Scalar(1, "no")),
            (Scalar(2, "1e3"), Scalar(2, "0x10")),
            (Scalar(3, "x", plain=False), Scalar(4, "2026-01-01")),
            (
                Scalar(5, "d"),
                Items(
                    5, (Scalar(5, "null"), Scalar(5, "~"), Scalar(5, "~", plain=False), Scalar(5, "1_000"))
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "nothing"), [("", True), ("~", True), ("null", True), ('""', False), ("a", False)]
)
def test_nothing_is_told_from_an_empty_text(text: str, nothing: bool) -> None:
    node, _ = read_tree(text)
    assert isinstance(node, Scalar)
    assert node.is_nothing is nothing


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("a: 1\nb:\n\tc: 1", 3, "yaml_tab"),
        ("a: Ask: what changed", 1, "yaml_colon"),
        ("a: 1\n  b: 2", 2, "yaml_colon"),
        ("a: 1\nb: @home", 2, "yaml_sign"),
        ("a: 50\nb: %x", 2, "yaml_sign"),
        ('a: "\\q"', 1, "yaml_escape"),
        ("a: 1\nb", 2, "yaml_no_colon"),
        ("a: 1\nb: 'x\nc: 1\n", 2, "yaml_quote"),
        ("a: 1\nb: [1,\n", 3, "yaml_bracket"),
        ("a: 1\nb: {c: 1", 2, "yaml_bracket"),
        ("- a\nb: 1", 2, "yaml_indent"),
        ("a: 1\nb: &", 2, "yaml_other"),
        ("a: 1\nb: \x01", 2, "bad_character"),
        ("a: 1\n---\nb: 1", 2, "several_documents"),
        ("a: 1\nb: " + "[" * 20, 2, "too_deep"),
        ("- " * 200, 1, "too_deep"),
    ],
)
def test_what_cannot_be_read_on_is_refused_at_its_line(text: str, line: int, code: str) -> None:
    with pytest.raises(BadFileError) as refused:
        read_tree(text)
    assert [(one.line, one.code) for one in refused.value.mistakes] == [(line, code)]


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("a: 1\nb: &x 1", 2, "alias"),
        ("a: *x", 1, "alias"),
        ("a: !!python/object/apply:os.system [x]", 1, "tag"),
        ("a: !mine x", 1, "tag"),
        ("a: 1\nb: 2\na: 3", 3, "key_twice"),
        ("x:\n  a: 1\n  'a': 3", 3, "key_twice"),
        ("[1, 2]: x", 1, "key_no_text"),
    ],
)
def test_what_is_refused_does_not_keep_the_rest_from_being_read(text: str, line: int, code: str) -> None:
    _, refused = read_tree(text + "\n")
    assert [(one.line, one.code) for one in refused] == [(line, code)]


def test_the_first_of_a_key_that_stands_twice_is_named_and_kept() -> None:
    tree, refused = read_tree("a: 1\nb: 2\na: 3")
    assert isinstance(tree, Fields)
    assert [(key.text, value) for key, value in tree.entries] == [
        ("a", Scalar(1, "1")),
        ("b", Scalar(2, "2")),
    ]
    assert dict(refused[0].params) == {"key": "a", "first": 1}


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    levels = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 40)]
    started = time.perf_counter()
    _, refused = read_tree("\n".join(levels))
    assert {one.code for one in refused} == {"alias"}
    assert time.perf_counter() - started < 5


N = LONGEST_FILE // 5


@pytest.mark.parametrize(
    "text",
    [
        "[" * N,
        "{a: " * (N // 4),
        "- " * (N // 2),
        "? " * (N // 2),
        '"' + "\n" * N,
        "a: |\n" + " x\n" * (N // 3),
        "{" + ",".join(f"a{n}: 1" for n in range(N // 8)) + "}",
        "---\n" * (N // 4),
        "\n" * N,
        "a " * (N // 2),
    ],
    ids=["lists", "fields", "dashes", "questions", "quote", "block", "keys", "documents", "lines", "words"],
)
def test_no_text_takes_long(text: str) -> None:
    started = time.perf_counter()
    with contextlib.suppress(BadFileError):
        read_tree(text)
    # Some tenths of a second on a quiet machine; what grows with the square would take minutes.
    assert time.perf_counter() - started < 30


def test_a_text_beyond_all_bounds_is_not_looked_at() -> None:
    with pytest.raises(BadFileError) as refused:
        read_tree("a" * (LONGEST_FILE + 1))
    assert [one.code for one in refused.value.mistakes] == ["too_long"]


def test_what_is_as_deep_as_allowed_is_read() -> None:
    tree, refused = read_tree("[" * MOST_DEPTH + "x" + "]" * MOST_DEPTH)
    assert isinstance(tree, Items)
    assert refused == ()
