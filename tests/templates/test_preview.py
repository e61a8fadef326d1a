"""Previews in words: whatever was found, Slack takes the message, and nobody's name does anything in it."""

from datetime import date, timedelta

import pytest

from playground.block_kit import check_blocks
from rules.instants import DAY
from templates import limits
from templates.preview import bar_lines, bars, draft_message, preview_message
from templates.views import EnteredView, Money, Person, PreviewView
from templates.words import Mrkdwn
from tests.templates.given import VOICE

D = 20_000 * DAY
MONDAY = date(2024, 9, 30)


def view(**changes: object) -> PreviewView:
    given: dict[str, object] = {
        "name": "quiet_vips",
        "condition": "silent(purchase, 30d) and segment = vip",
        "since": D - 90 * DAY,
        "until": D,
        "every": DAY,
        "steps": 91,
        "backlog": 3,
        "entered": 4,
        "left": 2,
        "customers": 3,
        "returned": 1,
        "messages": 5,
        "weeks": tuple((MONDAY - timedelta(weeks=13 - n), n % 3) for n in range(14)),
        "top": (EnteredView(Person("c1", "Ann Bell"), D - 3 * DAY, Money(123_450, "USD")),),
        "known": 100,
        "asks_for_events": True,
        "data_from": D - 400 * DAY,
        "clipped": False,
    }
    return PreviewView(**(given | changes))  # type: ignore[arg-type]


def test_the_sentence_says_the_whole() -> None:
    assert preview_message(view(), VOICE).text == (
        "From Jul 6, 2024 to Oct 4, 2024, *Quiet vips* would have begun to match *3 customers*, 4 times in all, "
        "and posted *5 messages*."
    )
    alone = preview_message(view(name=None, customers=1, entered=1, messages=1), VOICE).text
    assert alone.endswith(
        "this condition would have begun to match *1 customer*, 1 time in all; a rule of it would have posted "
        "*1 message*."
    )
    nobody = preview_message(view(customers=0, entered=0, top=()), VOICE)
    assert nobody.text.endswith("*Quiet vips* would have begun to match nobody.")
    assert "data_visualization" not in str(nobody.blocks)


def test_the_counts_stand_beside_their_names() -> None:
    said = str(preview_message(view(), VOICE).blocks)
    for line in (
        "*Matching at the start*\\\\n3",
        "*Came back within 30 days*\\\\n1 (25%)",
        "1. Ann Bell  ·  $1,234.50  ·  Oct 1, 2024",
        "One look every 1 day, 91 in all.",
    ):
        assert line.replace("\\\\", "\\") in said, line


@pytest.mark.parametrize("weeks", [1, 2, 20, 21, 53, 54, 522, 2_900])
def test_any_number_of_weeks_fits_the_chart(weeks: int) -> None:
    listed = tuple((MONDAY - timedelta(weeks=weeks - n), 10**6) for n in range(weeks))
    each, shown = bars(listed, VOICE, limits.CHART_CATEGORIES)
    assert len(shown) <= limits.CHART_CATEGORIES
    assert sum(n for _, n in shown) == weeks * 10**6
    assert each * len(shown) >= weeks
    assert len({label for label, _ in shown}) == len(shown)
    message = preview_message(view(weeks=listed), VOICE)
    assert check_blocks(message.blocks) == check_blocks(message.elsewhere) == []


def test_bars_of_text_are_in_proportion() -> None:
    assert bar_lines([("Sep 2", 24), ("Oct 14", 1), ("Nov 4", 0)], VOICE) == [
        f" Sep 2 {'█' * 24} 24",
        "Oct 14 █ 1",
        " Nov 4  0",
    ]
    assert bar_lines([], VOICE) == []


def test_a_chart_that_slack_would_refuse_is_named() -> None:
    chart = {
        "type": "data_visualization",
        "title": "x" * 51,
        "chart": {
            "type": "bar",
            "series": [{"name": "n" * 21, "data": [{"label": "b", "value": 1}]}],
            "axis_config": {"categories": ["a"]},
        },
    }
    assert len(limits.problems("x", [chart])) == 3
    assert check_blocks([chart])


def test_names_do_nothing_in_a_preview() -> None:
    names = ["*bold*", "<!channel>", "`x`", "\u202eevil", "y" * 3_000, ""]
    top = tuple(EnteredView(Person(f"<c{n}>", name), D, None) for n, name in enumerate(names))
    said = preview_message(view(top=top), VOICE)
    assert "<!channel>" not in str(said.blocks)
    assert check_blocks(said.blocks) == []


@pytest.mark.parametrize("edits", [None, "- condition: a\n+ condition: b"])
def test_a_draft_says_that_it_is_not_saved_and_has_its_buttons(edits: str | None) -> None:
    for preview, blind in ((view(), None), (None, Mrkdwn("It would take too long."))):
        message = draft_message(
            "quiet_vips",
            "silent(purchase, 30d)",
            number=812,
            edits=edits,
            warnings=(),
            preview=preview,
            blind=blind,
            voice=VOICE,
        )
        assert "not saved yet" in message.text
        assert message.blocks[-1]["elements"][0]["value"] == "1:save:812"
        assert message.blocks[-1]["elements"][1]["value"] == "1:cancel:812"
        assert check_blocks(message.blocks) == []
        assert message.elsewhere == [] or check_blocks(message.elsewhere) == []
        assert ("No preview of it: It would take too long." in str(message.blocks)) == (preview is None)


def test_what_should_be_known_is_said() -> None:
    for changes, said in (
        ({"known": 0, "data_from": None}, "There is no customer yet"),
        ({"data_from": None}, "No event that this condition is about"),
        ({"data_from": D - 9 * DAY}, "is of Sep 25, 2024"),
        ({"valued_from": D - 9 * DAY}, "known from Sep 25, 2024 on"),
        ({"clipped": True}, "it ends now"),
        ({"every": 3_600_000}, "One look every 1 hour"),
    ):
        assert said in str(preview_message(view(**changes), VOICE).blocks)
    assert "⚠️" not in str(preview_message(view(asks_for_events=False, data_from=None), VOICE).blocks)
