"""Names and options of rules as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.rule import AlertKind, Backlog, RuleBody, Severity
from rules.alerts.typed import (
    LONGEST_COOLDOWN,
    LONGEST_NAME,
    BadOptionError,
    BadRuleNameError,
    Options,
    rule_name,
    with_options,
)
from rules.instants import DAY, HOUR

BODY = RuleBody(condition="never(purchase)", channel="#a", action="Call.")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("lapsing", "lapsing"),
        ("Big Spender", "big_spender"),
        ("big-spender!", "big_spender"),
        ("Käufer 2", "käufer_2"),
    ],
)
def test_a_name_is_made_of_what_was_written(text: str, name: str) -> None:
    assert rule_name(text) == name


@pytest.mark.parametrize("text", ["", "!!!", "\ud800", "\x00", "x" * (LONGEST_NAME + 1), "x" * 10_000])
def test_what_leaves_no_name_is_refused(text: str) -> None:
    with pytest.raises(BadRuleNameError):
        rule_name(text)


def test_what_is_not_said_stays() -> None:
    assert with_options(BODY, Options()) == BODY
    changed = with_options(
        BODY,
        Options(
            channel="<#C0123|sales>",
            kind="Opportunity",
            severity=" high ",
            backlog="post",
            action=" Call \n them ",
            cooldown="12h",
        ),
    )
    assert changed == RuleBody(
        condition="never(purchase)",
        channel="C0123",
        kind=AlertKind.OPPORTUNITY,
        severity=Severity.HIGH,
        backlog=Backlog.POST,
        action="Call them",
        cooldown=12 * HOUR,
    )


@pytest.mark.parametrize(
    ("said", "cooldown"), [("0", 0), ("1d", DAY), ("2 W", 14 * DAY), ("366d", LONGEST_COOLDOWN)]
)
def test_cooldowns(said: str, cooldown: int) -> None:
    assert with_options(BODY, Options(cooldown=said)).cooldown == cooldown


@pytest.mark.parametrize(
    "options",
    [
        Options(kind="trouble"),
        Options(severity=""),
        Options(backlog="all"),
        Options(channel="#a #b"),
        Options(channel="<!channel>"),
        Options(channel="#\ud800"),
        Options(channel="#" + "x" * 81),
        Options(action="x" * 501),
        Options(action="\x00"),
        Options(action="\udfff"),
        Options(cooldown="367d"),
        Options(cooldown="-1d"),
        Options(cooldown="1mo"),
        Options(cooldown="99999999d"),
    ],
)
def test_values_that_cannot_be_are_refused(options: Options) -> None:
    with pytest.raises(BadOptionError):
        with_options(BODY, options)


@given(
    st.text(max_size=100), st.sampled_from(["channel", "kind", "severity", "backlog", "action", "cooldown"])
)
def test_whatever_is_said_is_taken_or_refused(said: str, option: str) -> None:
    refused: object = option
    try:
        with_options(BODY, Options(**{option: said}))
    except BadOptionError as error:
        refused = error.params["option"]
    assert refused == option
