"""The page over HTTP: what it shows, what it takes, and what hostile content can do to it (nothing)."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from threading import Thread
from typing import Any

import pytest
from slack_sdk import WebClient

from playground import Playground
from playground.drawing import day_name
from playground.people import AIKO, CUSTOMER_CARE, MAYA, SALES, TOM
from tests.playground.sample import SampleApp, alert_blocks, plain

JSON = dict[str, Any]


def get(slack: Playground, path: str, **query: str) -> tuple[int, str, dict[str, str]]:
    url = f"{slack.url}{path}?{urllib.parse.urlencode(query)}"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


def post(
    slack: Playground, path: str, body: JSON, *, headers: dict[str, str] | None = None
) -> tuple[int, JSON]:
    known = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(slack.url + path, json.dumps(body).encode(), known)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def page(slack: Playground, user: str = MAYA, channel: str = CUSTOMER_CARE) -> str:
    return get(slack, "/", user=user, channel=channel)[1]


def test_the_page_shows_the_channel_its_messages_and_the_people(slack: Playground, client: WebClient) -> None:
    client.chat_postMessage(channel=CUSTOMER_CARE, text="x", blocks=alert_blocks("Claudia Reyes"))
    slack.set_now("2026-11-22")
    html = page(slack)
    for words in (
        "Claudia Reyes is going cold",
        "No purchase for 33 days.",
        "@Tom Becker",
        "Snooze",
        "Aiko Tanaka",
    ):
        assert words in html
    assert "Sunday, November 22nd" in html
    assert "Next day" not in html


def test_a_menu_of_channels_offers_the_readers_channels(slack: Playground, client: WebClient) -> None:
    element = {"type": "channels_select", "action_id": "pick", "placeholder": plain("Choose")}
    blocks = [{"type": "actions", "block_id": "which", "elements": [element]}]
    client.chat_postMessage(channel=CUSTOMER_CARE, text="x", blocks=blocks)
    html = page(slack)
    assert "<span>Choose</span>" in html
    for name in ("customer-care", "sales", "general"):
        assert f"<span>#{name}</span>" in html


def test_the_alert_is_a_document_of_buttons_menus_and_a_dialog(slack: Playground, client: WebClient) -> None:
    client.chat_postMessage(channel=CUSTOMER_CARE, text="x", blocks=alert_blocks("Claudia Reyes"))
    html = page(slack)
    assert re.search(r'data-action-id="claim">\s*<button type="button" class="button button-primary"', html)
    assert html.count('role="menuitem"') == 4
    assert re.search(r'<dialog class="dialog confirm" aria-label="Resolve this alert\?">', html)


HOSTILE = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>'`*_~<!channel>"


def test_hostile_content_stays_text_everywhere(slack: Playground, client: WebClient) -> None:
    text = HOSTILE
    cell = {"type": "raw_text", "text": text}
    blocks: list[JSON] = [
        {"type": "header", "text": plain(text)},
        {"type": "section", "text": {"type": "mrkdwn", "text": text}, "fields": [plain(text)]},
        {"type": "context", "elements": [plain(text), {"type": "mrkdwn", "text": text}]},
        {
            "type": "image",
            "image_url": 'https://x.example/"onerror=alert(1)',
            "alt_text": text,
            "title": plain(text),
        },
        {"type": "table", "rows": [[cell]]},
        {"type": "markdown", "text": text},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": text, "style": {"bold": True}}],
                },
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "link", "url": f"javascript:{text}", "text": text}],
                },
            ],
        },
        {
            "type": "actions",
            "block_id": text[:200],
            "elements": [
                {
                    "type": "button",
                    "action_id": text[:200],
                    "text": plain(text[:75]),
                    "value": text,
                    "url": "javascript:1",
                },
                {
                    "type": "overflow",
                    "action_id": "o",
                    "options": [{"text": plain(text[:75]), "value": text}],
                },
            ],
        },
        {
            "type": "data_visualization",
            "title": text[:50],
            "chart": {"type": "pie", "segments": [{"label": text[:20], "value": 1}]},
        },
    ]
    client.chat_postMessage(channel=CUSTOMER_CARE, text=text, blocks=blocks)
    client.chat_postMessage(channel=CUSTOMER_CARE, text=text, attachments=[{"text": text, "fallback": text}])
    slack.interactions.say(TOM, CUSTOMER_CARE, text)
    found = Markup()
    found.feed(page(slack))
    assert found.tags.isdisjoint({"iframe", "object", "embed", "style", "base", "math"})
    assert found.scripts == {"/static/menus.js", "/static/trouble.js", "/static/page.js"}
    assert not {
        name
        for name in found.attributes
        if name.startswith("on") or name in ("style", "srcdoc", "formaction")
    }
    assert all(re.match(r"https?://|/|#|mailto:", address) for address in found.addresses), found.addresses
    assert found.words.count("<script>alert(1)</script>") >= 10


class Markup(HTMLParser):
    """What a browser makes of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.scripts: set[str | None] = set()
        self.addresses: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src")}
        if tag == "script":
            self.scripts.add(dict(attrs).get("src"))

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_policy_forbids_what_could_slip_through(slack: Playground) -> None:
    headers = get(slack, "/")[2]
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    html = page(slack)
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", html)


def test_another_host_name_is_refused(slack: Playground) -> None:
    request = urllib.request.Request(slack.url, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request, timeout=5)


def test_the_state_is_what_everyone_sees(slack: Playground, client: WebClient) -> None:
    root = client.chat_postMessage(channel=CUSTOMER_CARE, text="root", blocks=[{"type": "divider"}])["ts"]
    reply = client.chat_postMessage(channel=CUSTOMER_CARE, text="reply", thread_ts=root)["ts"]
    client.chat_postEphemeral(channel=CUSTOMER_CARE, user=MAYA, text="psst")
    gone = client.chat_postMessage(channel=CUSTOMER_CARE, text="gone")["ts"]
    client.chat_delete(channel=CUSTOMER_CARE, ts=gone)
    state = json.loads(get(slack, "/state")[1])
    assert [c["name"] for c in state["channels"]] == [
        "customer-care",
        "sales",
        "general",
        "@maya",
        "@tom",
        "@aiko",
    ]
    first, second = state["channels"][0]["messages"]
    assert (first["ts"], first["text"], first["thread_ts"]) == (root, "root", None)
    assert first["blocks"][0]["type"] == "divider"
    assert second == {"ts": reply, "text": "reply", "blocks": [], "thread_ts": root}


def test_unread_messages_are_counted_until_the_channel_is_seen(slack: Playground, client: WebClient) -> None:
    for n in range(3):
        client.chat_postMessage(channel=SALES, text=str(n))
    badge = re.compile(r'<span class="badge"( hidden)?>(\d+)</span>')
    shown = [count for hidden, count in badge.findall(page(slack)) if not hidden]
    assert shown == ["3"]
    page(slack, channel=SALES)
    assert [count for hidden, count in badge.findall(page(slack)) if not hidden] == []
    assert slack.workspace.unread(AIKO, SALES) == 3


def test_ephemeral_messages_are_drawn_for_their_reader_only(slack: Playground, client: WebClient) -> None:
    client.chat_postEphemeral(channel=CUSTOMER_CARE, user=MAYA, text="only for Maya")
    assert "Only visible to you" in page(slack, user=MAYA)
    assert "only for Maya" not in page(slack, user=TOM)
    (message,) = slack.workspace.ephemerals(MAYA)
    assert post(slack, "/page/dismiss", {"user": TOM, "channel": CUSTOMER_CARE, "ts": message.ts})[1]["ok"]
    assert slack.workspace.ephemerals(MAYA)
    post(slack, "/page/dismiss", {"user": MAYA, "channel": CUSTOMER_CARE, "ts": message.ts})
    assert slack.workspace.ephemerals(MAYA) == ()


def test_typing_talks_and_commands_go_to_the_app(slack: Playground, app: SampleApp) -> None:
    said = {"user": MAYA, "channel": CUSTOMER_CARE}
    assert post(slack, "/page/send", {**said, "text": "Good morning"}) == (200, {"ok": True})
    assert post(slack, "/page/send", {**said, "text": "/customer status 00001"}) == (200, {"ok": True})
    assert app.commands[0]["text"] == "status 00001"
    root = slack.workspace.messages(CUSTOMER_CARE)[0].ts
    status, told = post(slack, "/page/send", {**said, "text": "/customer x", "thread_ts": root})
    assert (status, told["error"]) == (400, "/customer is not supported in threads. Sorry!")
    assert (
        post(slack, "/page/send", {**said, "text": "/nosuch"})[1]["error"]
        == "/nosuch is not a valid command."
    )
    assert post(slack, "/page/send", {**said, "text": "reply", "thread_ts": root})[0] == 200
    assert "1 reply" in page(slack)
    assert "reply" in get(slack, "/page/thread", user=MAYA, channel=CUSTOMER_CARE, ts=root)[1]


def test_an_app_that_is_away_is_told_to_the_person(slack: Playground, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CUSTOMER_CARE, text="x", blocks=alert_blocks("A"))["ts"]
    use = {"user": MAYA, "channel": CUSTOMER_CARE, "ts": ts, "action_id": "claim"}
    assert post(slack, "/page/use", use)[1] == {"ok": False, "error": "The app is not connected."}
    assert post(slack, "/page/use", {**use, "ts": "1.1"})[1]["error"] == "This message is gone."


@pytest.mark.parametrize("user", ["U0NOBODY", "U08WARMLINE"])
def test_who_is_not_there_cannot_act(slack: Playground, user: str) -> None:
    assert post(slack, "/page/send", {"user": user, "channel": CUSTOMER_CARE, "text": "x"})[0] == 400
    assert get(slack, "/page/list", user=user, channel=CUSTOMER_CARE)[0] == 400
    assert "Maya Ortiz" in page(slack, user=user)


@pytest.fixture
def moving() -> Iterator[Playground]:
    def advance(length: timedelta) -> str:
        n = length.days
        running.workspace.post(CUSTOMER_CARE, "U08WARMLINE", f"{n} days later")
        if n == 13:
            raise ValueError("no")
        return "2026-11-29"

    with Playground(advance=advance) as running:
        running.set_now("2026-11-22")
        yield running


def test_the_date_is_asked_for_whenever_it_is_needed() -> None:
    days = ["2026-11-22"]

    def advance(length: timedelta) -> str:
        for later in range(1, length.days + 1):
            days.append(f"2026-11-{22 + later}")
            running.workspace.post(CUSTOMER_CARE, "U08WARMLINE", "x")
        return days[-1]

    with Playground(advance=advance, now=lambda: days[-1]) as running:
        assert post(running, "/page/advance", {"days": 3})[1]["today"] == "Wednesday, November 25th"
        told = [m.day for m in running.workspace.messages(CUSTOMER_CARE)]
    assert told == ["2026-11-23", "2026-11-24", "2026-11-25"]


def test_a_page_opened_too_early_waits_until_it_is_served() -> None:
    early = Playground().bind()
    address = early.url
    shown: list[str] = []
    waiting = Thread(target=lambda: shown.append(page(early)))
    waiting.start()
    early.start()
    waiting.join(5)
    assert early.url == address
    assert "customer-care" in shown[0]
    early.stop()


def test_days_pass_and_what_is_told_meanwhile_is_of_the_new_date(moving: Playground) -> None:
    assert "Next week" in page(moving)
    assert post(moving, "/page/advance", {"days": 7}) == (
        200,
        {"ok": True, "today": "Sunday, November 29th", "time": ""},
    )
    (message,) = moving.workspace.messages(CUSTOMER_CARE)
    assert (message.text, message.day, moving.workspace.day) == ("7 days later", "2026-11-29", "2026-11-29")
    for none in ({"days": 0}, {}, {"days": 366, "hours": 1}, {"hours": 24}):
        assert post(moving, "/page/advance", none)[0] == 422


def test_hours_pass_and_messages_stand_at_the_business_hour() -> None:
    told: list[timedelta] = []

    def advance(length: timedelta) -> str:
        told.append(length)
        running.workspace.post(CUSTOMER_CARE, "U08WARMLINE", "x")
        return "2026-11-23T00:05"

    with Playground(advance=advance) as running:
        running.set_now("2026-11-22T23:05")
        assert "Next hour" in page(running)
        assert post(running, "/page/advance", {"hours": 1})[1] == {
            "ok": True,
            "today": "Monday, November 23rd",
            "time": "12:05 AM",
        }
        (message,) = running.workspace.messages(CUSTOMER_CARE)
        assert (message.day, message.time, told) == ("2026-11-23", "00:05", [timedelta(hours=1)])
        assert 'data-time="12:05 AM"' in page(running)


def test_without_a_way_to_move_time_there_is_none(slack: Playground) -> None:
    assert post(slack, "/page/advance", {"days": 1}) == (
        400,
        {"ok": False, "error": "Time cannot be moved here."},
    )


def events(slack: Playground, count: int, act: Any, **query: str) -> list[JSON]:
    """Open the stream, ``act``, and read ``count`` events after the greeting."""
    url = f"{slack.url}/page/events?{urllib.parse.urlencode(query)}"
    found: list[JSON] = []
    with urllib.request.urlopen(url, timeout=5) as stream:
        while len(found) <= count:
            line = stream.readline().decode()
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
                if len(found) == 1:
                    act()
    assert found[0]["kind"] == "hello"
    return found[1:]


def test_events_tell_what_happens_drawn_for_who_looks(slack: Playground, client: WebClient) -> None:
    def act() -> None:
        ts = client.chat_postMessage(channel=CUSTOMER_CARE, text="root")["ts"]
        client.chat_postEphemeral(channel=CUSTOMER_CARE, user=TOM, text="not for Maya")
        client.chat_postMessage(channel=CUSTOMER_CARE, text="reply", thread_ts=ts)
        client.chat_postMessage(channel=SALES, text="elsewhere")
        client.chat_update(channel=CUSTOMER_CARE, ts=ts, text="changed")
        client.chat_delete(channel=CUSTOMER_CARE, ts=ts)

    posted, reply, elsewhere, changed, removed = events(slack, 5, act, user=MAYA, channel=CUSTOMER_CARE)
    assert "root" in posted["html"]
    assert "html" not in reply
    assert "1 reply" in reply["root_html"]
    assert "html" not in elsewhere
    assert elsewhere["unread"][SALES] == 1
    assert elsewhere["unread"][CUSTOMER_CARE] == 0
    assert "changed" in changed["html"]
    assert (removed["kind"], "html" in removed) == ("removed", False)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2026-11-22", "Sunday, November 22nd"),
        ("2026-11-11", "Wednesday, November 11th"),
        ("2026-12-01", "Tuesday, December 1st"),
        ("2026-12-23", "Wednesday, December 23rd"),
        ("a day in May", "a day in May"),
    ],
)
def test_days_are_written_as_people_say_them(day: str, name: str) -> None:
    assert day_name(day) == name
