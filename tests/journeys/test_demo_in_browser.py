"""``bot.py demo`` as a newcomer meets it: the real command, the real page, in a real browser.

``PICTURES=docs/pictures`` keeps what was seen.
"""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.visiting import PATIENCE, Visitor, copies, demo, messages, settled, visitor

__all__ = ["demo", "visitor"]

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(400)]


def newest_alert(page: Page) -> Locator:
    return page.locator(".message", has=page.get_by_role("button", name="Claim", exact=True)).last


def test_a_newcomer_sees_what_warmline_does(visitor: Visitor, demo: str) -> None:
    page = visitor.page
    # Customers in the channel: the backlog of each rule in one digest, then an alert for each who began to match since.
    expect(page.locator(".message", has_text="Ticket storm").first).to_be_visible(timeout=PATIENCE)
    expect(newest_alert(page)).to_contain_text("Suggested:", timeout=PATIENCE)

    # Days pass, and alerts arise.
    before = len(messages(demo, "customer-care"))
    page.get_by_role("button", name="Next day").click()
    page.get_by_role("button", name="Next day").click()
    for _ in range(60):
        if len(messages(demo, "customer-care")) > before:
            break
        page.wait_for_timeout(1_000)
    assert len(messages(demo, "customer-care")) > before, "no alert arose in two days"
    visitor.picture("demo", height=760)

    # An agent claims one, and everybody sees it.
    visitor.be("Tom Becker")
    alert = page.locator(".message", has=page.get_by_role("button", name="Claim", exact=True)).last
    ts = alert.get_attribute("data-ts")
    alert.get_by_role("button", name="Claim", exact=True).click()
    claimed = page.locator(f".message[data-ts='{ts}']").first
    expect(claimed).to_contain_text("Tom Becker", timeout=PATIENCE)
    claimed.get_by_role("button", name="1 reply").click(timeout=PATIENCE)
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread).to_contain_text("claimed", timeout=PATIENCE)
    visitor.picture("demo", height=760)
    page.keyboard.press("Escape")

    # An agent does not change rules, and is told who does.
    refused = visitor.ask('/rules add regulars "count(purchase, 90d) >= 3"')
    expect(refused).to_contain_text("Maya Ortiz")
    assert not rule_is_listed(visitor, "regulars")

    # A manager does; a slip is pointed at, and the repair suggested.
    visitor.be("Maya Ortiz")
    slip = visitor.ask("/rules add regulars cuont(purchase, 90d) >= 3")
    expect(slip).to_contain_text("Did you mean")
    added = visitor.ask(
        '/rules add regulars count(purchase, 90d) >= 5 --kind opportunity --action "Invite them to the club."'
    )
    # What it would have done is shown before it is saved.
    expect(added).to_contain_text("not saved yet")
    expect(added).to_contain_text("Began to match")
    visitor.picture("preview", height=1_280)
    assert not rule_is_listed(visitor, "regulars")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator(".message.ephemeral", has_text="is added")).to_be_visible(timeout=PATIENCE)
    assert rule_is_listed(visitor, "regulars")
    visitor.picture("rules")

    # Its backlog comes in one digest with the next sweep.
    page.get_by_role("button", name="Next day").click()
    expect(page.locator(".message", has_text="Regulars").first).to_be_visible(timeout=PATIENCE)

    # And anybody asks about a customer.
    card = visitor.ask("/customer status C-0113")
    expect(card).to_contain_text("C-0113")
    expect(card).to_contain_text("purchase", ignore_case=True)
    # The demo has a life cycle in use, and models fitted, from the start.
    expect(card).to_contain_text("the definition asks for")
    expect(card).to_contain_text("Chance of another purchase")
    expect(card).to_contain_text("Events, month by month")
    visitor.picture_of(card, "card")


def test_a_channel_that_is_dead_is_told_of(visitor: Visitor, demo: str) -> None:
    page = visitor.page
    page.get_by_role("button", name="Slack has trouble").click()
    page.get_by_role("switch", name="Dead channel").click()
    expect(page.get_by_role("group", name="Slack has trouble")).to_contain_text("# sales is archived")
    told = len(messages(demo, "@maya"))
    for _ in range(10):
        visitor.let_pass("Next day")
        settled(page, demo)
        if len(messages(demo, "@maya")) > told:
            break
    # What was to go to #sales stands in the default channel, and the manager got a direct message.
    assert "sales" in messages(demo, "@maya")[-1]["text"].lower()
    page.get_by_role("button", name="All is well").click()
    expect(page.get_by_role("group", name="Slack is well again")).to_be_visible()


def test_slack_has_trouble_and_messages_come_late_but_once(visitor: Visitor, demo: str) -> None:
    page = visitor.page
    visitor.be("Tom Becker")
    bad = page.get_by_role("group", name="Slack has trouble")
    well = page.get_by_role("group", name="Slack is well again")
    page.get_by_role("button", name="Slack has trouble").click()

    # An outage while a day passes: calls end in resets and 500s, and some of what was said arrives all the same.
    page.get_by_role("switch", name="Outage").click()
    expect(bad).to_contain_text("Outage", timeout=PATIENCE)
    visitor.let_pass("Next day")
    expect(bad).to_contain_text(re.compile(r"\b[3-9] calls failed|\d\d calls failed"), timeout=PATIENCE)
    page.get_by_role("switch", name="Rate limits").click()
    page.get_by_role("switch", name="Dead channel").click()
    expect(bad).to_contain_text("# sales is archived")
    visitor.picture("trouble", height=760)

    # One press ends it. What was lost is sent, what arrived unknown is found and not sent again.
    bad.get_by_role("button", name="End it").click()
    expect(well).to_contain_text("none of them twice", timeout=PATIENCE)
    page.wait_for_function(
        "() => fetch('/control/faults').then(a => a.json()).then(told => told.active.length === 0)"
    )
    settled(page, demo)
    expect(well).to_contain_text("none of them twice")
    assert copies(demo) == []

    # Quiet hours, reminders and digests are a matter of hours.
    before = page.locator("#time").inner_text()
    visitor.let_pass("Next hour")
    expect(page.locator("#time")).not_to_have_text(before, timeout=PATIENCE)
    page.get_by_role("button", name="Thanks").click()
    expect(well).to_be_hidden()


def rule_is_listed(visitor: Visitor, name: str) -> bool:
    listed = visitor.ask("/rules list").inner_text()
    in_use = listed.split("ship")[0]
    return name in in_use


def test_the_page_on_a_phone(browser: Browser, demo: str) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 800})
    page.goto(demo)
    page.wait_for_selector("body[data-live=true]")
    expect(page.locator(".message").first).to_be_visible(timeout=PATIENCE)
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0
    page.close()
