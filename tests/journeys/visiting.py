"""The demo as somebody meets it: the real command, the real page in a real browser, and what a visitor does there.

``PICTURES=docs/pictures`` keeps what was seen.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

ROOT = Path(__file__).parents[2]
PATIENCE = 60_000
"""Milliseconds that the page may take: messages come one a second, and the machine may be busy."""
WIDTH = 800
"""Pixels of a picture of one message: the page leaves room at its right."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address; the demo lives in a folder of its own."""
    folder = tmp_path_factory.mktemp("demo")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "bot.py"), "demo", "--port", "0"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            found = re.search(r"http://[\d.:]+/", line)
            if found:
                yield found[0]
                break
        else:
            pytest.fail(f"the demo ended: {(folder / 'log').read_text()[-2000:]}")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, "SIGTERM ends the demo cleanly"
        process.stdout.close()


class Visitor:
    """Somebody at the page."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.complaints: list[str] = []
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(url)
        self.live()

    def live(self) -> None:
        self.page.wait_for_selector("body[data-live=true]")

    def be(self, name: str) -> None:
        self.page.get_by_role("link", name=re.compile(name)).click()
        self.live()

    def ask(self, text: str, channel: str = "customer-care") -> Locator:
        """Type a slash command and give the answer that only this person sees."""
        box = self.page.get_by_role("textbox", name=f"Message #{channel}")
        answers = self.page.locator(".message.ephemeral")
        before = answers.count()
        box.fill(text)
        box.press("Escape")
        box.press("Enter")
        expect(answers).to_have_count(before + 1, timeout=PATIENCE)
        return answers.last

    def let_pass(self, what: str) -> None:
        """Press one of the clock's buttons, once what was pressed before has passed; returns when this has, too."""
        for _ in range(60):
            with self.page.expect_response("**/page/advance", timeout=PATIENCE) as answer:
                self.page.get_by_role("button", name=what).click()
            expect(self.page.get_by_role("button", name=what)).to_be_enabled(timeout=PATIENCE)
            if answer.value.ok:
                return
            self.page.wait_for_timeout(1_000)
        pytest.fail("the time does not pass")

    def picture(self, name: str, *, height: int = 900) -> None:
        folder = os.environ.get("PICTURES")
        if folder:
            self.page.set_viewport_size({"width": 1280, "height": height})
            self.page.wait_for_timeout(400)
            self.page.screenshot(path=ROOT / folder / f"{name}.png")
            self.page.set_viewport_size({"width": 1280, "height": 900})

    def picture_of(self, what: Locator, name: str, *, width: int = WIDTH, height: int = 2_400) -> None:
        """Keep a picture of one message alone, cut at its right and after ``height`` pixels."""
        folder = os.environ.get("PICTURES")
        if folder:
            self.page.set_viewport_size({"width": 1280, "height": 2_600})
            self.page.wait_for_timeout(400)
            what.scroll_into_view_if_needed()
            box = what.bounding_box()
            assert box is not None
            clip: FloatRect = {
                "x": box["x"],
                "y": box["y"],
                "width": min(width, box["width"]),
                "height": min(height, box["height"]),
            }
            self.page.screenshot(path=ROOT / folder / f"{name}.png", clip=clip)
            self.page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture
def visitor(browser: Browser, demo: str) -> Iterator[Visitor]:
    made = Visitor(browser, demo)
    yield made
    made.page.close()
    assert made.complaints == []


def messages(demo: str, channel: str) -> list[dict[str, str]]:
    with urllib.request.urlopen(demo + "state", timeout=30) as answer:
        channels = json.loads(answer.read())["channels"]
    found: list[dict[str, str]] = next(one["messages"] for one in channels if one["name"] == channel)
    return found


def settled(page: Page, demo: str) -> None:
    """Wait until nothing new has stood anywhere for a while: the demo settles what is unknown after 5 seconds."""
    last, quiet = -1, 0
    for _ in range(60):
        with urllib.request.urlopen(demo + "control/messages", timeout=30) as answer:
            now = len(json.loads(answer.read())["messages"])
        quiet = quiet + 1 if now == last else 0
        if quiet >= 8:
            return
        last = now
        page.wait_for_timeout(1_000)


def copies(demo: str) -> list[str]:
    """The keys that stand more than once."""
    with urllib.request.urlopen(demo + "control/messages", timeout=30) as answer:
        found = json.loads(answer.read())["messages"]
    keys = [
        one["metadata"]["event_payload"]["key"] for one in found if one["metadata"] and not one["deleted"]
    ]
    return [key for key, n in Counter(keys).items() if n > 1]
