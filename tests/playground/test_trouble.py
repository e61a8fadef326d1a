"""What a person switches on at the page is what ``/control/faults`` and the channels say, and one press ends it all."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from playground import Playground
from playground.faults import Fault
from playground.people import CUSTOMER_CARE, MAYA, SALES
from playground.trouble import TROUBLES, Count
from tests.playground.test_page import events, page, post


def switch(slack: Playground, **given: Any) -> tuple[int, Any]:
    return post(slack, "/page/trouble", given)


def say(client: WebClient, key: str = "k", channel: str = CUSTOMER_CARE) -> str:
    metadata = {"event_type": "told", "event_payload": {"key": key}}
    return str(client.chat_postMessage(channel=channel, text="x", metadata=metadata)["ts"])


def test_rate_limits_refuse_every_call_and_say_when_to_come_again(
    slack: Playground, client: WebClient
) -> None:
    assert switch(slack, trouble="limits", on=True) == (200, {"ok": True})
    for call in (
        lambda: say(client),
        lambda: client.chat_update(channel=CUSTOMER_CARE, ts="1.1", text="x"),
        lambda: client.conversations_history(channel=CUSTOMER_CARE),
    ):
        with pytest.raises(SlackApiError) as limited:
            call()
        assert limited.value.response.status_code == 429
        assert limited.value.response.headers["Retry-After"] == "5"
    assert slack.troubles.standing().on == {"limits": ""}
    switch(slack, trouble="limits", on=False)
    assert say(client)
    assert not slack.troubles.standing().any


def test_in_an_outage_every_call_fails_and_some_are_accepted(slack: Playground, client: WebClient) -> None:
    switch(slack, trouble="outage", on=True)
    for n in range(40):
        with pytest.raises((SlackApiError, OSError)):
            say(client, str(n))
    count = slack.troubles.count()
    assert count is not None
    assert (count.failed, count.twice) == (40, 0)
    assert count.arrived == len(slack.workspace.messages(CUSTOMER_CARE))
    assert 0 < count.arrived < 40
    # What arrived without being known, and is said again, stands twice: the page would say so.
    post(slack, "/page/trouble/end", {})
    for n in range(40):
        say(client, str(n))
    assert slack.troubles.count() == Count(40, 40 + count.arrived, count.arrived)
    assert f"{count.arrived} of them twice" in page(slack)
    post(slack, "/page/trouble/read", {})
    assert slack.troubles.count() is None
    assert "Slack is well again" not in page(slack)


def test_history_is_unreadable_or_late_and_a_person_says_which(slack: Playground, client: WebClient) -> None:
    say(client)
    switch(slack, trouble="history", way="unreadable", on=True)
    with pytest.raises(SlackApiError, match="fatal_error"):
        client.conversations_history(channel=CUSTOMER_CARE)
    switch(slack, trouble="history", way="late", on=True)
    assert client.conversations_history(channel=CUSTOMER_CARE)["messages"] == []
    assert slack.troubles.standing().on == {"history": "late"}
    assert "History: 20 seconds late" in page(slack)
    switch(slack, trouble="history", way="late", on=False)
    assert len(client.conversations_history(channel=CUSTOMER_CARE)["messages"]) == 1
    assert slack.faults.active() == ()


def test_a_dead_channel_refuses_and_comes_back(slack: Playground, client: WebClient) -> None:
    switch(slack, channel=SALES, on=True)
    with pytest.raises(SlackApiError, match="is_archived"):
        say(client, channel=SALES)
    assert "# sales is archived" in page(slack)
    assert "This channel is archived" in page(slack, channel=SALES)
    switch(slack, channel=SALES, on=False)
    assert say(client, channel=SALES)


def test_one_press_ends_all_of_it_whoever_set_it(slack: Playground, client: WebClient) -> None:
    slack.faults.add(Fault("status", "chat.update"))
    for trouble in TROUBLES:
        switch(slack, trouble=trouble.id, way=next(iter(trouble.ways)), on=True)
    switch(slack, channel=SALES, on=True)
    standing = slack.troubles.standing()
    assert set(standing.on) == {trouble.id for trouble in TROUBLES}
    assert ([channel.id for channel in standing.dead], standing.others) == ([SALES], 1)
    assert "1 fault set elsewhere" in page(slack)
    post(slack, "/page/trouble/end", {})
    assert not slack.troubles.standing().any
    assert slack.faults.active() == ()
    assert say(client, channel=SALES)


def test_faults_that_tests_clear_are_off_at_the_page_too(slack: Playground) -> None:
    switch(slack, trouble="outage", on=True)
    slack.faults.clear()
    assert not slack.troubles.standing().any


@pytest.mark.parametrize(
    "given",
    [
        {"trouble": "flood"},
        {"trouble": "limits", "way": "sideways"},
        {"channel": "C0NOWHERE"},
        {"channel": MAYA},
        {},
    ],
)
def test_what_there_is_not_cannot_be_switched(slack: Playground, given: Any) -> None:
    assert switch(slack, on=True, **given) == (400, {"ok": False, "error": "There is no such trouble."})
    assert not slack.troubles.standing().any


def test_pages_hear_of_it_as_it_happens(slack: Playground, client: WebClient) -> None:
    def act() -> None:
        switch(slack, trouble="limits", on=True)
        with pytest.raises(SlackApiError):
            say(client)
        switch(slack, channel=SALES, on=True)

    began, struck, archived, dead = events(slack, 4, act, user=MAYA, channel=CUSTOMER_CARE)
    assert began["trouble"]["on"] == {"limits": ""}
    assert "1 call failed" in struck["trouble"]["banner"]
    assert archived == {"kind": "channels", "archived": [SALES]}
    assert dead["trouble"]["dead"] == [SALES]
