"""A person at the page: sees an alert come, claims it, asks, is answered, chooses, confirms."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from slack_sdk.errors import SlackApiError

from playground import Playground
from playground.people import AIKO, CUSTOMER_CARE, SALES
from tests.playground.sample import SampleApp, alert_blocks, wait_for

pytestmark = pytest.mark.xdist_group("browser")


class Story:
    """A playground whose days pass, an app in it, and what the page complained of."""

    def __init__(self) -> None:
        self.day = date(2026, 11, 22)
        self.told_each_day = False
        self.slack = Playground(post_interval_s=0, advance=self.advance, now=self.today)
        self.slack.start()
        self.app = SampleApp(self.slack)
        self.app.connect()
        self.complaints: list[str] = []

    def today(self) -> str:
        return self.day.isoformat()

    def advance(self, length: timedelta) -> str:
        for _ in range(length.days):
            self.day += timedelta(days=1)
            if self.told_each_day:
                self.app.alert(f"Customer of {self.day:%d.%m.}")
        if not self.told_each_day:
            self.app.alert(f"Customer of {self.day:%d.%m.}")
        return self.day.isoformat()

    def open(self, browser: Browser, path: str = "/", width: int = 1280) -> Page:
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda told: self.complaints.append(told.text) if told.type == "error" else None)
        page.goto(self.slack.url + path)
        page.wait_for_selector("body[data-live=true]")
        return page


@pytest.fixture
def story() -> Iterator[Story]:
    made = Story()
    yield made
    made.app.close()
    made.slack.stop()
    assert made.complaints == []


def test_an_alert_is_seen_claimed_and_asked_about(browser: Browser, story: Story) -> None:
    page = story.open(browser)
    page.get_by_role("button", name="Next week").click()
    expect(page.locator("#today")).to_have_text("Sunday, November 29th")
    alert = page.locator(".message", has_text="Customer of 29.11. is going cold")
    expect(alert).to_be_visible()
    expect(page.locator(".day").last).to_have_text("Sunday, November 29th")

    page.get_by_role("link", name=re.compile("Aiko Tanaka")).click()
    page.wait_for_selector("body[data-live=true]")
    assert AIKO in page.url
    alert.get_by_role("button", name="Claim").click()
    expect(alert).to_contain_text("Claimed by aiko")
    alert.get_by_role("button", name="1 reply").click()
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread).to_contain_text("@Aiko Tanaka claimed this alert.")
    thread.get_by_role("textbox").fill("I called her.")
    thread.get_by_role("textbox").press("Enter")
    expect(thread).to_contain_text("2 replies")
    page.keyboard.press("Escape")
    expect(thread).to_be_hidden()

    box = page.get_by_role("textbox", name="Message #customer-care")
    box.press_sequentially("/cu")
    expect(page.get_by_role("option", name=re.compile("customer"))).to_be_visible()
    box.press("Tab")
    expect(box).to_have_value("/customer ")
    box.press_sequentially("status 00001")
    box.press("Enter")
    answer = page.locator(".message.ephemeral")
    expect(answer).to_contain_text("Only visible to you")
    expect(answer).to_contain_text("You asked: status 00001")
    page.close()


def test_each_message_stands_under_the_business_day_that_it_came_on(browser: Browser, story: Story) -> None:
    root = story.app.alert("Somebody")
    page = story.open(browser)
    story.told_each_day = True
    page.get_by_role("button", name="Next week").click()
    expect(page.locator("#today")).to_have_text("Sunday, November 29th")
    # An app that takes its time posts when the days have passed already: that is of the new day.
    late = story.app.alert("Late")
    story.app.client.chat_postMessage(channel=CUSTOMER_CARE, thread_ts=root, text="a reply")
    expected = [
        "Sunday, November 22nd",
        "Monday, November 23rd",
        "Tuesday, November 24th",
        "Wednesday, November 25th",
        "Thursday, November 26th",
        "Friday, November 27th",
        "Saturday, November 28th",
        "Sunday, November 29th",
    ]
    reply = page.locator(".thread-last time")
    for _ in range(2):  # as it came, and as it is drawn anew
        expect(page.locator(f".message[data-ts='{late}']")).to_be_visible()
        expect(page.locator(".day")).to_have_text(expected)
        expect(page.locator(".day").last).to_have_text(expected[-1])
        days = page.locator("#list > .message .by time").evaluate_all("all => all.map(one => one.title)")
        assert [day.split(" at ")[0] for day in days] == [*expected, expected[-1]]
        expect(reply).to_have_attribute("title", re.compile("^Sunday, November 29th at "))
        page.reload()
        page.wait_for_selector("body[data-live=true]")
    page.close()


def test_menus_and_confirmations_by_keyboard(browser: Browser, story: Story) -> None:
    story.app.alert("Claudia Reyes")
    page = story.open(browser)
    alert = page.locator(".message", has_text="Claudia Reyes is going cold")
    snooze = alert.get_by_role("button", name="Snooze")
    snooze.press("Enter")
    expect(alert.get_by_role("menuitem", name="1 day")).to_be_focused()
    page.keyboard.press("Escape")
    expect(snooze).to_be_focused()
    snooze.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(alert.get_by_role("button", name="1 week")).to_be_visible()
    assert story.app.actions[0]["actions"][0]["selected_option"]["value"] == "7d"

    resolve = alert.get_by_role("button", name="Resolve", exact=True)
    resolve.click()
    page.get_by_role("button", name="Keep open").click()
    resolve.click()
    page.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    wait_for(lambda: len(story.app.actions) > 1)
    assert [body["actions"][0]["action_id"] for body in story.app.actions] == ["snooze", "resolve"]

    alert.get_by_role("button", name="More actions").click()
    alert.get_by_role("menuitem", name="Why this alert?").click()
    wait_for(lambda: len(story.app.actions) > 2)
    assert story.app.actions[2]["actions"][0]["selected_option"]["value"] == "why"
    page.close()


def test_a_menu_stays_open_while_messages_arrive(browser: Browser, story: Story) -> None:
    for number in range(4):
        story.app.alert(f"Customer {number}")
    page = story.open(browser)
    alert = page.locator(".message", has_text="Customer 3 is going cold")
    snooze = alert.get_by_role("button", name="Snooze")
    snooze.click()
    choice = alert.get_by_role("menuitem", name="1 week")
    before = page.locator("#messages").evaluate("pane => pane.scrollTop")
    assert before > 0
    for number in range(4, 8):
        story.app.alert(f"Customer {number}")
    expect(page.locator(".message", has_text="Customer 7 is going cold")).to_have_count(1)
    new = page.get_by_role("button", name="New messages")
    expect(new).to_be_visible()
    expect(choice).to_be_visible()
    assert page.locator("#messages").evaluate("pane => pane.scrollTop") == before

    # Scrolled a little, it goes with its button; scrolled away, it closes.
    offset = _above(snooze, choice)
    page.locator("#messages").evaluate("pane => { pane.scrollTop += 40 }")
    page.wait_for_function(
        "before => document.getElementById('messages').scrollTop === before + 40", arg=before
    )
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(choice).to_be_visible()
    assert _above(snooze, choice) == pytest.approx(offset, abs=1)
    choice.click()
    wait_for(lambda: story.app.actions)
    assert story.app.actions[0]["actions"][0]["selected_option"]["value"] == "7d"
    snooze = alert.get_by_role("button", name="1 week")
    snooze.click()
    expect(choice).to_be_visible()
    page.locator("#messages").evaluate("pane => { pane.scrollTop = 0 }")
    expect(choice).to_be_hidden()
    new.click()
    expect(new).to_be_hidden()
    expect(page.locator(".message", has_text="Customer 7 is going cold")).to_be_in_viewport()
    page.close()


def _above(button: Locator, choice: Locator) -> float:
    first, second = button.bounding_box(), choice.bounding_box()
    assert first
    assert second
    return second["y"] - first["y"]


def test_what_one_chooses_from_is_not_redrawn_before_the_choice(browser: Browser, story: Story) -> None:
    ts = story.app.alert("Claudia Reyes")
    page = story.open(browser)
    alert = page.locator(f".message[data-ts='{ts}']")

    def claimed_by(name: str) -> None:
        blocks = alert_blocks("Claudia Reyes", claimed_by=name)
        story.app.client.chat_update(channel=CUSTOMER_CARE, ts=ts, text="x", blocks=blocks)
        # What comes after it tells that it came.
        after = story.app.client.chat_postMessage(channel=CUSTOMER_CARE, text=f"after {name}")["ts"]
        expect(page.locator(f".message[data-ts='{after}']")).to_have_count(1)

    alert.get_by_role("button", name="Snooze").click()
    claimed_by("aiko")
    expect(alert.get_by_role("menuitem", name="1 day")).to_be_focused()
    expect(alert).not_to_contain_text("Claimed by aiko")
    page.keyboard.press("Escape")
    expect(alert).to_contain_text("Claimed by aiko")
    expect(alert.get_by_role("button", name="Snooze")).to_be_focused()

    alert.get_by_role("button", name="Resolve", exact=True).click()
    claimed_by("tom")
    page.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    expect(alert).to_contain_text("Claimed by tom")
    # The message is drawn anew, so nothing on the page tells when the app has it.
    wait_for(lambda: story.app.actions)
    assert [body["actions"][0]["action_id"] for body in story.app.actions] == ["resolve"]
    page.close()


def test_a_modal_is_filled_in(browser: Browser, story: Story) -> None:
    page = story.open(browser)
    box = page.get_by_role("textbox", name="Message #customer-care")
    box.fill("/rules add")
    box.press("Enter")
    dialog = page.get_by_role("dialog", name="Add a rule")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("Please complete this required field.")
    dialog.get_by_label("Condition").fill("silnt")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("Did you mean silent(purchase, 30d)?")
    dialog.get_by_label("Condition").fill("silent(purchase, 30d)")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert len(story.app.submissions) == 2
    page.close()


def test_another_channel_counts_and_errors_are_told(browser: Browser, story: Story) -> None:
    page = story.open(browser)
    link = page.get_by_role("link", name=re.compile("sales"))
    expect(link.locator(".badge")).to_be_hidden()
    story.app.alert("Someone", SALES)
    expect(link.locator(".badge")).to_have_text("1")
    box = page.get_by_role("textbox", name="Message #customer-care")
    story.complaints.clear()
    box.fill("/nosuch")
    box.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("/nosuch is not a valid command.")
    expect(box).to_have_value("/nosuch")
    story.complaints.clear()  # the browser itself complains of the refused request
    link.click()
    expect(page.locator(".message", has_text="Someone is going cold")).to_be_visible()
    page.close()


def test_on_a_narrow_screen_the_channels_are_behind_a_button(browser: Browser, story: Story) -> None:
    story.app.alert("Claudia Reyes")
    page = story.open(browser, f"/?channel={CUSTOMER_CARE}", width=400)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    expect(page.get_by_role("link", name=re.compile("sales"))).to_be_hidden()
    page.get_by_role("button", name="Channels and people").click()
    page.get_by_role("link", name=re.compile("sales")).click()
    expect(page.get_by_role("heading", name="sales").first).to_be_visible()
    page.close()


def test_slack_has_trouble_until_a_press_ends_it(browser: Browser, story: Story) -> None:
    page = story.open(browser)
    banner = page.get_by_role("group", name="Slack has trouble")
    opener = page.get_by_role("button", name="Slack has trouble")
    opener.click()
    limits = page.get_by_role("switch", name="Rate limits")
    expect(limits).to_be_focused()
    page.keyboard.press("Space")
    expect(limits).to_be_checked()
    expect(banner).to_contain_text("Rate limits")
    with pytest.raises(SlackApiError, match="ratelimited"):
        story.app.alert("Nobody")
    expect(banner).to_contain_text("1 call failed, 0 messages arrived")

    page.get_by_label("Which channel is dead").select_option(label="# customer-care")
    page.get_by_role("switch", name="Dead channel").click()
    expect(banner).to_contain_text("# customer-care is archived")
    expect(page.get_by_text("This channel is archived")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message #customer-care")).to_be_hidden()
    page.get_by_label("Which channel is dead").select_option(label="# sales")
    expect(page.get_by_role("switch", name="Dead channel")).not_to_be_checked()

    # Another person's page, opened now, shows the same; the press that ends it is seen on both.
    other = story.open(browser, f"/?user={AIKO}")
    other.get_by_role("button", name="End it").click()
    expect(page.get_by_role("group", name="Slack is well again")).to_contain_text("1 call failed")
    expect(limits).not_to_be_checked()
    expect(page.get_by_role("textbox", name="Message #customer-care")).to_be_visible()
    story.app.alert("Somebody")
    expect(page.get_by_role("group", name="Slack is well again")).to_contain_text(
        "1 message arrived since it began, none of them twice"
    )
    page.get_by_role("button", name="Thanks").click()
    expect(page.locator("#banner")).to_be_empty()
    page.keyboard.press("Escape")
    expect(limits).to_be_hidden()
    for one in (page, other):
        one.close()
