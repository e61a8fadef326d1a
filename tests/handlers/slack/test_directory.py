"""Who is who, asked of a Slack that may not answer."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from handlers.slack.directory import KEPT, KEPT_UNANSWERED, Directory
from playground.faults import Fault
from playground.people import MANAGERS_GROUP, MAYA, TOM
from playground.server import Playground
from rules.access import Actor
from rules.alerts.colleague import Colleague, Found

GROUP = frozenset({MANAGERS_GROUP})


@pytest.fixture
def slack() -> Iterator[Playground]:
    with Playground() as slack:
        yield slack


@pytest.fixture
def directory(slack: Playground) -> Directory:
    return Directory(WebClient(token=slack.bot_token, base_url=slack.api_url, timeout=2, retry_handlers=[]))


def calls(slack: Playground, method: str) -> int:
    return sum(call.method == method for call in slack.api.calls())


def test_managers_are_named_or_in_a_group_and_slack_is_asked_seldom(
    slack: Playground, directory: Directory
) -> None:
    assert directory.actor(MAYA, GROUP, now=0) == Actor(MAYA, manager=True)
    assert directory.actor(TOM, GROUP, now=1) == Actor(TOM, manager=False)
    assert directory.actor(TOM, GROUP | {TOM}, now=1) == Actor(TOM, manager=True)
    assert directory.actor(TOM, frozenset(), now=1) == Actor(TOM, manager=False)
    assert calls(slack, "usergroups.users.list") == 1
    assert directory.actor(MAYA, GROUP, now=KEPT).manager
    assert calls(slack, "usergroups.users.list") == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset"),
        Fault("status", status=500),
        Fault("error", error="missing_scope"),
        Fault("ratelimited"),
        Fault("truncate", when="after"),
    ],
)
def test_where_slack_does_not_answer_an_older_answer_serves_for_a_while(
    slack: Playground, directory: Directory, fault: Fault
) -> None:
    slack.faults.add(fault)
    assert not directory.actor(MAYA, GROUP, now=0).manager
    assert directory.names_of(TOM, now=0) == {TOM.casefold()}
    slack.faults.clear()
    assert directory.actor(MAYA, GROUP, now=1).manager
    slack.faults.add(fault)
    assert directory.actor(MAYA, GROUP, now=KEPT_UNANSWERED).manager
    assert not directory.actor(MAYA, GROUP, now=KEPT_UNANSWERED + 1).manager


def test_names_are_the_id_and_the_address_without_regard_to_case(directory: Directory) -> None:
    assert directory.names_of(TOM, now=0) == {TOM.casefold(), "tom.becker@northwind.example"}
    assert directory.names_of("UNOBODY", now=0) == {"unobody"}


def test_a_client_that_retries_by_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="retries"):
        Directory(WebClient())


def test_who_bears_a_name(slack: Playground, directory: Directory) -> None:
    assert directory.whois(TOM, now=0) == Colleague(Found.THERE, TOM)
    [email] = directory.names_of(TOM, now=0) - {TOM.casefold()}
    assert directory.whois(email, now=0) == Colleague(Found.THERE, TOM)
    assert directory.whois("nobody@shop.example", now=0) == Colleague(Found.UNKNOWN)
    assert directory.whois("U0NOBODY0", now=0) == Colleague(Found.UNKNOWN)
    assert directory.whois("Ann Bell", now=0) == Colleague(Found.UNKNOWN)
    for fault in (Fault("reset"), Fault("ratelimited"), Fault("error", error="missing_scope")):
        slack.faults.add(fault)
        assert directory.whois(TOM, now=KEPT_UNANSWERED) == Colleague(Found.UNANSWERED)
        slack.faults.clear()


def test_who_bears_a_name_is_not_asked_at_every_tick(slack: Playground, directory: Directory) -> None:
    """An answer is kept a while; where Slack does not answer then, it serves for longer."""
    assert directory.whois("nobody@shop.example", now=0) == Colleague(Found.UNKNOWN)
    slack.faults.add(Fault("reset"))
    assert directory.whois("nobody@shop.example", now=KEPT - 1) == Colleague(Found.UNKNOWN)
    assert slack.faults.struck() == ()
    assert directory.whois("nobody@shop.example", now=KEPT_UNANSWERED - 1) == Colleague(Found.UNKNOWN)
    assert directory.whois("nobody@shop.example", now=KEPT_UNANSWERED) == Colleague(Found.UNANSWERED)


def test_who_has_left_is_gone(monkeypatch: pytest.MonkeyPatch, directory: Directory) -> None:
    def deactivated(_client: WebClient, *, user: str) -> dict[str, object]:
        return {"ok": True, "user": {"id": user, "deleted": True}}

    monkeypatch.setattr(WebClient, "users_info", deactivated)
    assert directory.whois(TOM, now=0) == Colleague(Found.GONE)
