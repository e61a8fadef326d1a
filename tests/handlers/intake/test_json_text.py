"""JSON from outside is read strictly, and stored in one form."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handlers.intake import json_text

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-(10**9), max_value=10**9)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nonsense",
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1, "a": 1}',
        '{"a": [{"b": 1, "b": 2}]}',
        "[" * 200_000,
        '{"a":' * 200_000,
        "[1] 2",
        "01",
        "1e99999999999999999999999",
    ],
)
def test_what_is_no_json_here(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the words are the json module's)
        json_text.loads(text)


def test_numbers_stay_as_they_were_written() -> None:
    assert json_text.dumps(json_text.loads('{"b":1.10,"a":12345678901234567890123.5}')) == (
        '{"a":12345678901234567890123.5,"b":1.10}'
    )


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((_depth(item) + 1 for item in inner), default=0)


@given(value=st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=3))
def test_the_one_form_reads_back_the_same(value: dict[str, Any]) -> None:
    assume(_depth(value) <= json_text.DEEPEST)
    written = json_text.dumps(value)
    assert json_text.loads(written) == value
    assert json_text.dumps(json_text.loads(written)) == written
    assert json.loads(written).keys() == value.keys()


@given(values=st.lists(VALUES, max_size=5), space=st.sampled_from(["", " ", "\r\n\t"]))
def test_items_of_a_list_keep_their_very_text(values: list[Any], space: str) -> None:
    texts = [json.dumps(value, default=float, ensure_ascii=False) for value in values]
    body = f"{space}[{space}{f'{space},{space}'.join(texts)}{space}]{space}"
    assert [text for _, text in json_text.items(body, limit=10)] == texts


def test_one_object_is_one_item() -> None:
    assert json_text.items(' {"a": 1} ', limit=10) == [({"a": Decimal(1)}, '{"a": 1}')]
    assert json_text.items("[]", limit=10) == []


@pytest.mark.parametrize(
    "body", ["", "12", '"text"', "null", "[1 2]", "[1,]", "[1", "[1]]", "[,1]", "[" * 100_000]
)
def test_what_is_neither_object_nor_list(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        json_text.items(body, limit=10)


def test_a_list_is_not_read_beyond_the_limit() -> None:
    assert len(json_text.items("[1,2,3,4,5,nonsense]", limit=3)) == 4
