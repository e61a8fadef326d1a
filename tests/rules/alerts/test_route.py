"""Which route an alert takes, and where it leads."""

import pytest

from rules.alerts.route import BadTargetError, Place, Route, To, first, place, read_target


def route(number: int, target: To = To.CHANNEL, *, rule_id: int | None = None) -> Route:
    channel = "" if target is To.OWNER else f"#c{number}"
    return Route(number, f"r{number}", "segment = vip", rule_id, target, channel, "U1", 0)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("#leads", (To.CHANNEL, "#leads")),
        ("<#C0123456|leads>", (To.CHANNEL, "C0123456")),
        ("Owner", (To.OWNER, "")),
        ("thread of #leads", (To.THREAD, "#leads")),
        ("thread <#C0123456>", (To.THREAD, "C0123456")),
    ],
)
def test_a_target_reads_as_people_write_it(text: str, target: tuple[To, str]) -> None:
    assert read_target(text) == target


@pytest.mark.parametrize(
    "text", ["", "leads", "thread", "thread of leads", "#a #b", "<!channel>", "@tom", "owner of"]
)
def test_any_other_target_is_refused(text: str) -> None:
    with pytest.raises(BadTargetError):
        read_target(text)


def test_the_first_route_that_fits_wins() -> None:
    routes = [route(1, rule_id=7), route(2), route(3)]
    assert first(routes, rule_id=7, holding={1, 2, 3}) == routes[0]
    assert first(routes, rule_id=8, holding={1, 2, 3}) == routes[1]
    assert first(routes, rule_id=8, holding={1, 3}) == routes[2]
    assert first(routes, rule_id=8, holding={1}) is None


def test_a_route_leads_to_a_channel_a_thread_the_owner_or_the_fallback() -> None:
    says = {"usual": "#own", "fallback": "#all"}
    assert place(None, **says, owner=None, slack_id=None) == Place("#own")
    assert place(route(1), **says, owner=None, slack_id=None) == Place("#c1", route="r1")
    assert place(route(1, To.THREAD), **says, owner=None, slack_id=None) == Place(
        "#c1", thread=True, route="r1"
    )
    owned = route(2, To.OWNER)
    assert place(owned, **says, owner="a@b.c", slack_id="U2") == Place("U2", route="r2")
    assert place(owned, **says, owner="a@b.c", slack_id=None) == Place("#all", route="r2", nobody="a@b.c")
    assert place(owned, **says, owner=None, slack_id=None) == Place("#all", route="r2", nobody="")
