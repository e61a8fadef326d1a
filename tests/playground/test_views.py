from typing import Any

import pytest
from slack_sdk import WebClient

from playground import Playground
from playground.limits import RefusedError
from playground.people import MAYA
from playground.views import Views
from tests.playground.sample import plain
from tests.playground.test_api import error_of

SENT: dict[str, Any] = {
    "type": "modal",
    "title": plain("Add a rule"),
    "blocks": [{"type": "section", "text": plain("x")}],
}


def test_a_trigger_opens_one_view_within_three_seconds() -> None:
    now = 1000.0
    views = Views(lambda: now, lambda _user: None)
    trigger, late = views.trigger(MAYA), views.trigger(MAYA)
    opened = views.open(trigger, SENT)
    assert views.top(MAYA) == opened
    with pytest.raises(RefusedError, match="exchanged_trigger_id"):
        views.open(trigger, SENT)
    now += 3.1
    with pytest.raises(RefusedError, match="expired_trigger_id"):
        views.open(late, SENT)
    with pytest.raises(RefusedError, match="invalid_trigger_id"):
        views.open("nonsense", SENT)


def test_views_stack_three_high_and_close_from_the_top() -> None:
    changed: list[str] = []
    views = Views(lambda: 0.0, changed.append)
    first = views.open(views.trigger(MAYA), SENT)
    second = views.open(views.trigger(MAYA), SENT, push=True)
    assert (second.root_id, second.previous_id) == (first.id, first.id)
    views.open(views.trigger(MAYA), SENT, push=True)
    with pytest.raises(RefusedError, match="push_limit_reached"):
        views.open(views.trigger(MAYA), SENT, push=True)
    views.close(MAYA)
    assert views.top(MAYA) == second
    views.close(MAYA, everything=True)
    assert views.top(MAYA) is None
    assert changed == [MAYA] * 5


def test_the_methods(slack: Playground, client: WebClient) -> None:
    opened = client.views_open(trigger_id=slack.views.trigger(MAYA), view=SENT)["view"]
    assert opened["title"] == plain("Add a rule")
    updated = client.views_update(
        view_id=opened["id"], view={**SENT, "title": plain("Changed")}, hash=opened["hash"]
    )
    assert updated["view"]["title"] == plain("Changed")
    assert (
        error_of(client.views_update, view_id=opened["id"], view=SENT, hash=opened["hash"])["error"]
        == "hash_conflict"
    )
    assert error_of(client.views_update, view_id="V0", view=SENT)["error"] == "not_found"
    assert (
        client.views_push(trigger_id=slack.views.trigger(MAYA), view=SENT)["view"]["root_view_id"]
        == opened["id"]
    )
    home = {"type": "home", "blocks": SENT["blocks"]}
    assert client.views_publish(user_id=MAYA, view=home)["ok"]
    assert error_of(client.views_publish, user_id=MAYA, view=SENT)["error"] == "invalid_arguments"
    trigger = slack.views.trigger(MAYA)
    assert error_of(client.views_open, trigger_id=trigger, view=home)["error"] == "invalid_arguments"
    home_of_maya = slack.views.home(MAYA)
    assert home_of_maya
    assert home_of_maya.sent["type"] == "home"
