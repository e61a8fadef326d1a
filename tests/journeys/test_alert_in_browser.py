"""The story that docs/alerts.md tells of an alert, lived through at the page: told, asked about, put to sleep, ended.

``PICTURES=docs/pictures`` keeps what was seen: the page's pictures are made by this.
"""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.visiting import PATIENCE, Visitor, demo, settled, visitor

__all__ = ["demo", "visitor"]

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(400)]


def open_alert(visitor: Visitor) -> Locator:
    """The newest alert of one customer that nobody has."""
    claim = visitor.page.get_by_role("button", name="Claim", exact=True)
    found = visitor.page.locator(".message:not(.ephemeral)", has=claim).last
    expect(found).to_contain_text("Because", timeout=PATIENCE)
    ts = found.get_attribute("data-ts")
    return visitor.page.locator(f".message[data-ts='{ts}']").first


def told(visitor: Visitor, title: str) -> Locator:
    """The newest message with such a headline."""
    heading = visitor.page.get_by_role("heading", name=re.compile(title))
    return visitor.page.locator(".message:not(.ephemeral)", has=heading).last


def test_an_alert_is_told_asked_about_and_put_to_sleep(visitor: Visitor, demo: str) -> None:
    page = visitor.page
    visitor.be("Aiko Tanaka")
    expect(told(visitor, "already")).to_be_visible(timeout=PATIENCE)
    settled(page, demo)
    alert = open_alert(visitor)
    visitor.picture_of(alert, "alert")
    text = alert.inner_text()
    number, customer = re.search(r"alert (\d+)", text), re.search(r"C-\d{4}", text)
    assert number is not None
    assert customer is not None

    # Why it was told; and why another one was not.
    why = visitor.ask(f"/alerts why {number[1]}")
    expect(why).to_contain_text("How it was told")
    visitor.picture_of(why, "why")
    expect(visitor.ask(f"/alerts why {customer[0]} payment_failing")).to_contain_text("Not told")
    expect(visitor.ask("/alerts quality")).to_contain_text("Median time to a claim")
    visitor.picture_of(visitor.ask("/alerts quality big_basket"), "quality")
    settings = visitor.ask("/alerts settings")
    expect(settings).to_contain_text("20:00-08:00")
    visitor.picture_of(settings, "settings")
    expect(visitor.ask("/alerts settings #sales")).to_contain_text("Europe/Berlin")
    expect(visitor.ask("/alerts sources")).to_contain_text("shop")
    expect(visitor.ask("/alerts silences")).to_contain_text("silence")
    expect(visitor.ask("/alerts routes")).to_contain_text("route")

    # To sleep until a day, which must lie ahead; everybody reads until when, and why.
    alert.get_by_role("button", name="Snooze").click()
    alert.get_by_role("menuitem", name="Until a date…").click()
    dialog = page.get_by_role("dialog")
    day = dialog.get_by_label("Until")
    ahead = day.input_value()
    day.fill("2020-01-01")
    dialog.get_by_role("textbox", name="Why").fill("Back from holidays then")
    dialog.get_by_role("button", name="Snooze").click()
    expect(dialog.get_by_role("alert").first).to_be_visible(timeout=PATIENCE)
    visitor.picture_of(dialog, "snooze", width=1_280)
    day.fill(ahead)
    dialog.get_by_role("button", name="Snooze").click()
    expect(dialog).to_be_hidden(timeout=PATIENCE)
    expect(alert).to_contain_text("Snoozed", timeout=PATIENCE)
    expect(alert).to_contain_text("Back from holidays then")
    visitor.picture_of(alert, "snoozed")


def test_many_at_once_and_what_waited_come_in_one_message_each(visitor: Visitor) -> None:
    page = visitor.page
    # Tomorrow the carrier strikes: many who wait for a delivery, more than the channel has attention for.
    visitor.let_pass("Next day")
    visitor.let_pass("Next day")
    group = told(visitor, "Delivery late")
    expect(group).to_contain_text("came to match at once", timeout=PATIENCE)
    visitor.picture_of(group, "group")
    digest = told(visitor, "Digest")
    expect(digest).to_contain_text("Delivery late", timeout=PATIENCE)
    visitor.picture_of(digest, "digest")
    digest.get_by_role("button", name="Show all").click()
    pages = page.locator(".message.ephemeral").last
    expect(pages).to_contain_text("customers", timeout=PATIENCE)
    pages.get_by_role("button", name="Open", exact=True).first.click()
    one = page.locator(".message.ephemeral", has=page.get_by_role("button", name="Claim", exact=True)).last
    one.get_by_role("button", name="Claim", exact=True).click(timeout=PATIENCE)
    expect(digest).to_contain_text("1 claimed", timeout=PATIENCE)
