"""Answers by response_url, and errors made into answers."""

from collections.abc import Iterator

import pytest

from handlers.slack.reply import error_answer, reply
from handlers.slack.typed import UnknownCommandError
from playground.faults import Fault
from playground.people import CUSTOMER_CARE, TOM
from playground.server import Playground
from rules.alerts.person import ClaimedAlreadyError
from templates import blocks
from templates.limits import LayoutError
from templates.words import Mrkdwn
from tests.templates.given import VOICE

ANSWER = blocks.rendered(Mrkdwn("It is *so*."), [blocks.section(Mrkdwn("It is *so*."))])


@pytest.fixture
def slack() -> Iterator[Playground]:
    with Playground() as slack:
        yield slack


def url(slack: Playground) -> str:
    return f"{slack.url}/response/{slack.response_urls.issue(TOM, CUSTOMER_CARE, original=None)}"


def test_only_the_asker_sees_the_answer(slack: Playground) -> None:
    reply(url(slack), ANSWER)
    [seen] = slack.workspace.ephemerals(TOM)
    assert (seen.text, seen.ephemeral_to) == ("It is *so*.", TOM)
    assert seen.blocks[0]["text"]["text"] == "It is *so*."


@pytest.mark.parametrize("fault", [Fault("reset"), Fault("status", status=500), Fault("reset", when="after")])
def test_an_answer_that_does_not_get_through_is_not_sent_again(
    slack: Playground, fault: Fault, capfd: pytest.CaptureFixture[str]
) -> None:
    slack.faults.add(fault)
    where = url(slack)
    reply(where, ANSWER)
    slack.faults.clear()
    logged = capfd.readouterr()
    assert "reply_lost" in logged.out or "reply_refused" in logged.out
    assert where.rsplit("/", 1)[1] not in logged.out
    assert len(slack.workspace.ephemerals(TOM)) == (fault.when == "after")


def test_an_error_of_usage_comes_with_what_can_be_asked() -> None:
    error = UnknownCommandError(command="/alerts", text="mien", nearest=["mine"])
    said = error_answer(error, VOICE, command="/alerts")
    assert said.text.startswith("I do not know `/alerts mien`. Did you mean `/alerts mine`?")
    assert "`/alerts why 812`" in str(said.blocks)


def test_any_other_error_is_a_sentence() -> None:
    assert error_answer(ClaimedAlreadyError(), VOICE).text == "You have this alert already."
    assert error_answer(LayoutError(["51 blocks"], "the words"), VOICE).text == "the words"


def test_what_nobody_foresaw_gets_a_reference_and_no_details() -> None:
    said = error_answer(RuntimeError("Ann Bell's secret"), VOICE)
    assert "tell your administrator the reference" in said.text
    assert "Ann" not in said.text


def test_where_there_are_no_charts_the_same_is_sent_without(slack: Playground) -> None:
    drawn = blocks.section(Mrkdwn("█ 1"))
    chart = blocks.Bars(title="A week", name="Began", bars=[("Oct 7", 1)], instead=drawn)
    answer = blocks.rendered(Mrkdwn("One."), [chart])
    reply(url(slack), answer)
    assert slack.workspace.ephemerals(TOM)[-1].blocks[0]["type"] == "data_visualization"
    slack.faults.add(Fault("status", status=400, times=1))
    reply(url(slack), answer)
    assert slack.workspace.ephemerals(TOM)[-1].blocks[0]["text"]["text"] == "█ 1"
    assert len(slack.workspace.ephemerals(TOM)) == 2
