"""What a button carries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.person import BY_PERSON, Snooze
from templates.codec import USEFUL, USELESS, Press, StaleButtonError, Value, chosen, decode, encode

values = st.one_of(
    st.builds(
        Value,
        st.sampled_from(
            [
                Press.CLAIM,
                Press.UNCLAIM,
                Press.ALERT,
                Press.CUSTOMER,
                Press.CARD,
                Press.OPEN,
                Press.MINE,
                Press.NEEDY,
                Press.MY_NEEDY,
            ]
        ),
        st.integers(1, 10**18 - 1),
    ),
    st.builds(
        Value,
        st.just(Press.SNOOZE),
        st.integers(1, 10**18 - 1),
        st.sampled_from([str(one) for one in Snooze]),
    ),
    st.builds(
        Value,
        st.just(Press.RESOLVE),
        st.integers(1, 10**18 - 1),
        st.sampled_from([str(one) for one in BY_PERSON]),
    ),
    st.builds(Value, st.just(Press.VOTE), st.integers(1, 10**18 - 1), st.sampled_from([USEFUL, USELESS])),
    st.builds(Value, st.just(Press.CLEAR), st.integers(1, 10**18 - 1), st.integers(1, 10**15 - 1).map(str)),
    st.builds(
        Value,
        st.sampled_from([Press.DIGEST, Press.TIMELINE]),
        st.integers(1, 10**18 - 1),
        st.integers(0, 999_999).map(str),
    ),
    st.builds(
        Value,
        st.just(Press.REROUTE),
        st.integers(1, 10**18 - 1),
        st.from_regex(r"[CG][A-Z0-9]{6,40}", fullmatch=True),
    ),
)


@given(values)
def test_what_is_written_reads_back(value: Value) -> None:
    text = encode(value.press, value.subject, value.choice)
    assert len(text) <= 150
    assert decode(text) == value


@given(st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text())))
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(StaleButtonError):
        decode(text)


@given(values, st.integers(0, 40), st.characters())
def test_a_value_that_was_tampered_with_is_refused_or_means_what_it_says(
    value: Value, place: int, character: str
) -> None:
    text = encode(value.press, value.subject, value.choice)
    forged = text[:place] + character + text[place + 1 :]
    try:
        found = decode(forged)
    except StaleButtonError:
        return
    assert encode(found.press, found.subject, found.choice) == forged or found.press in (
        Press.DIGEST,
        Press.TIMELINE,
        Press.CLEAR,
    )


def test_a_menu_without_a_value_of_its_own_has_it_from_its_block() -> None:
    assert chosen(encode(Press.REROUTE, 7), "C08GENERALX") == "1:reroute:7:C08GENERALX"
    assert chosen(None, "C08GENERALX") is None
    with pytest.raises(StaleButtonError):
        decode(chosen(encode(Press.REROUTE, 7), "C1:9"))
