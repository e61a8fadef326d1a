"""What was said in Slack and when: the log of a workspace, and how often something may be found in it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from handlers.slack.sender import METADATA_EVENT
from playground import Playground
from playground.workspace import Change, Message
from rules.instants import iso


@dataclass(frozen=True, slots=True)
class Said:
    """One message: in which channel, when (ms), what it said as it came, what it says now; ``reply`` in a thread."""

    channel: str
    at: int
    first: str
    last: str
    ts: str
    root_ts: str | None

    @property
    def reply(self) -> bool:
        return self.root_ts is not None

    def __str__(self) -> str:
        return f"{iso(self.at)} #{self.channel} {'(reply) ' if self.reply else ''}{self.first!r} -> {self.last!r}"


class Log:
    """Every message of the bot's in a workspace, with the instant at which it arrived."""

    def __init__(self, slack: Playground, clock: Callable[[], int]) -> None:
        self._slack = slack
        self._clock = clock
        self._came: dict[tuple[str, str], tuple[int, str]] = {}
        slack.workspace.subscribe(self._note)

    def _note(self, change: Change) -> None:
        if change.kind == "posted" and change.message is not None:
            message = change.message
            self._came[message.channel, message.ts] = (self._clock(), message.text)

    def messages(self) -> list[Said]:
        """Give what stands in Slack now, in order of arrival."""
        found = [self._said(message) for message in self._standing()]
        return sorted(found, key=lambda one: (one.at, one.ts))

    def keys(self) -> Counter[str]:
        """Count how often each message of the outbox stands in Slack."""
        return Counter(
            message.metadata["event_payload"]["key"] for message in self._standing() if message.metadata
        )

    def by_key(self, key: str) -> Message:
        """Give the message that bears a key."""
        return next(
            one for one in self._standing() if one.metadata and one.metadata["event_payload"]["key"] == key
        )

    def _standing(self) -> Iterator[Message]:
        for message in self._slack.workspace.everything():
            ours = (message.metadata or {}).get("event_type") == METADATA_EVENT
            if ours and not message.deleted and message.ephemeral_to is None:
                yield message

    def _said(self, message: Message) -> Said:
        at, first = self._came[message.channel, message.ts]
        channel = self._slack.workspace.channel(message.channel)
        assert channel is not None
        root = message.thread_ts if message.thread_ts != message.ts else None
        name = f"@{channel.name}" if channel.is_im else channel.name
        return Said(name, at, first, message.text, message.ts, root)


def found(
    messages: list[Said], matching: str, *, channel: str | None = None, first: int, last: int
) -> list[Said]:
    """Give the messages that came in [first, last] and say, or said, something that matches."""
    wanted = re.compile(matching)
    return [
        one
        for one in messages
        if (channel is None or one.channel == channel.removeprefix("#"))
        and first <= one.at <= last
        and (wanted.search(one.first) or wanted.search(one.last))
    ]


def told(messages: list[Said]) -> list[Any]:
    """Give what was said, whenever it was: by channel, and under which root; to be compared between two runs."""
    roots = {(one.channel, one.ts): one.last for one in messages if not one.reply}
    return sorted(
        (one.channel, roots.get((one.channel, one.root_ts or ""), ""), one.last) for one in messages
    )
