from collections.abc import Iterator

import pytest
from slack_sdk.webhook import WebhookClient, WebhookResponse

from playground import Playground
from playground.people import AIKO, BOT_USER_ID, CUSTOMER_CARE, MAYA
from playground.workspace import Message
from tests.playground.sample import plain


class Time:
    def __init__(self) -> None:
        self.now = 1_795_347_679.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def slack(clock: Time) -> Iterator[Playground]:
    with Playground(clock=clock) as running:
        yield running


def hook(slack: Playground, original: Message | None = None) -> WebhookClient:
    key = slack.response_urls.issue(MAYA, CUSTOMER_CARE, original=original)
    return WebhookClient(f"{slack.url}/response/{key}", retry_handlers=[])


def error_of(response: WebhookResponse) -> tuple[int, bool, str]:
    return response.status_code, '"ok":false' in response.body, response.body


def test_five_answers_and_no_more(slack: Playground) -> None:
    url = hook(slack)
    answers = [url.send(text=str(n)) for n in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert answers[0].body == "ok"
    assert "used_url" in answers[5].body
    assert [m.text for m in slack.workspace.ephemerals(MAYA)] == list("01234")


def test_thirty_minutes_and_no_longer(slack: Playground, clock: Time) -> None:
    url = hook(slack)
    clock.now += 1800
    assert url.send(text="in time").status_code == 200
    clock.now += 1
    late = url.send(text="late")
    assert (late.status_code, "expired_url" in late.body) == (404, True)
    unknown = WebhookClient(f"{slack.url}/response/unknown", retry_handlers=[]).send(text="x")
    assert unknown.status_code == 404


def test_in_channel_or_only_for_the_one_who_asked(slack: Playground) -> None:
    url = hook(slack)
    url.send(text="for all", response_type="in_channel")
    url.send(text="for Maya", response_type="ephemeral")
    assert [m.text for m in slack.workspace.messages(CUSTOMER_CARE)] == ["for all"]
    assert [m.text for m in slack.workspace.messages(CUSTOMER_CARE, seen_by=MAYA)] == ["for all", "for Maya"]
    assert slack.workspace.ephemerals(AIKO) == ()


@pytest.mark.parametrize("ephemeral", [False, True])
def test_the_original_is_replaced_kept_or_deleted(slack: Playground, *, ephemeral: bool) -> None:
    to = MAYA if ephemeral else None
    original = slack.workspace.post(CUSTOMER_CARE, BOT_USER_ID, "before", ephemeral_to=to)
    url = hook(slack, original)

    def now() -> str | None:
        message = slack.workspace.message(CUSTOMER_CARE, original.ts, seen_by=MAYA)
        return message.text if message else None

    url.send(text="after")
    assert now() == "after"
    url.send(text="beside", replace_original=False)
    assert now() == "after"
    url.send(text="again", replace_original=True)
    assert now() == "again"
    assert "beside" in [m.text for m in slack.workspace.ephemerals(MAYA)]
    url.send(delete_original=True)
    assert now() is None


def test_an_answer_to_a_click_in_a_thread_stays_there(slack: Playground) -> None:
    root = slack.workspace.post(CUSTOMER_CARE, BOT_USER_ID, "root")
    reply = slack.workspace.post(CUSTOMER_CARE, BOT_USER_ID, "reply", thread_ts=root.ts)
    hook(slack, reply).send(text="psst", replace_original=False)
    assert slack.workspace.ephemerals(MAYA)[0].thread_ts == root.ts


def test_what_slack_refuses_is_refused_here_and_costs_no_use(slack: Playground) -> None:
    url = hook(slack)
    for _ in range(7):
        refused = url.send(text="x", blocks=[{"type": "header", "text": plain("x" * 151)}])
        assert refused.status_code == 400
        assert "invalid_blocks" in refused.body
    assert url.send(text=" ").status_code == 400
    assert url.send(text="x").status_code == 200
