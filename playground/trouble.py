"""Slack has trouble: what a person switches on at the page, each a few faults or an archived channel, and what came of it.

What is on is read from the faults and the channels themselves, so that this, ``/control/faults`` and tests say the
same. It must not know the page.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from playground.faults import Fault, Faults
from playground.people import Channel
from playground.workspace import Change, Message, Workspace

_POSTS: Final = ("chat.postMessage", "chat.update", "chat.delete", "chat.postEphemeral")
_READS: Final = ("conversations.history", "conversations.replies")
_RETRY_AFTER: Final = 5
"""Seconds: short enough that who watches sees the bot wait, and try again."""

_LAG: Final = 20
"""Seconds by which history lags, when it does."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble; ``choices`` are the ways it can be had, by value: their words, and the faults they are."""

    id: str
    name: str
    about: str
    watch: str
    """What there is to see of what the app does about it."""
    ways: Mapping[str, tuple[str, tuple[Fault, ...]]]

    @property
    def has_choice(self) -> bool:
        """Tell whether a person has to say which way."""
        return len(self.ways) > 1


LIMITS: Final = Trouble(
    "limits",
    "Rate limits",
    f"Every call is refused: too many, come again in {_RETRY_AFTER} seconds.",
    "Nothing new arrives. Once this is off, all of it does, in order and a message a second.",
    {"": ("", tuple(Fault("ratelimited", name, retry_after=_RETRY_AFTER) for name in (*_POSTS, *_READS)))},
)
OUTAGE: Final = Trouble(
    "outage",
    "Outage",
    "Every call ends in a reset or a 500; of every two, one was accepted all the same, and the app cannot know.",
    "Some messages arrive, and the app looks for them before it posts again: late perhaps, but none of them twice.",
    {
        "": (
            "",
            (
                Fault("reset", when="after", probability=0.25),
                Fault("status", when="after", status=500, probability=0.33),
                Fault("reset", probability=0.5),
                Fault("status", status=503),
            ),
        )
    },
)
HISTORY: Final = Trouble(
    "history",
    "History",
    "The app cannot look up what stands in a channel, or sees it late.",
    "Matters in and after an outage: what may stand there is not posted again before somebody could look.",
    {
        "unreadable": ("unreadable", tuple(Fault("error", name, error="fatal_error") for name in _READS)),
        "late": (f"{_LAG} seconds late", tuple(Fault("lag", name, seconds=_LAG) for name in _READS)),
    },
)
TROUBLES: Final = (LIMITS, OUTAGE, HISTORY)


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand: which troubles are on (and which way), dead channels, and faults that were set otherwise."""

    on: Mapping[str, str]
    dead: tuple[Channel, ...]
    others: int

    @property
    def any(self) -> bool:
        """Tell whether anything is wrong."""
        return bool(self.on or self.dead or self.others)


@dataclass(frozen=True, slots=True)
class Count:
    """What happened since the trouble began: calls that failed, messages of the app that arrived, and second copies."""

    failed: int = 0
    arrived: int = 0
    twice: int = 0


class Troubles:
    """Switches troubles on and off, and counts from the first that is on until somebody has read what came of it."""

    def __init__(self, workspace: Workspace, faults: Faults) -> None:
        self._workspace = workspace
        self._faults = faults
        self._lock = threading.Lock()
        self._since: float | None = None
        self._struck_before = 0

    def standing(self) -> Standing:
        """Say what is on."""
        active = Counter(self._faults.active())
        on = {
            trouble.id: way
            for trouble in TROUBLES
            for way, (_, faults) in trouble.ways.items()
            if all(fault in active for fault in faults)
        }
        known = {fault for name, way in on.items() for fault in _named(name).ways[way][1]}
        dead = tuple(channel for channel in self._workspace.channels() if channel.archived)
        return Standing(on, dead, sum(n for fault, n in active.items() if fault not in known))

    def switch(self, trouble_id: str, *, on: bool, way: str = "") -> None:
        """Switch a trouble on, in one of its ways, or off. Raises ``KeyError`` for one that there is not."""
        trouble = _named(trouble_id)
        wanted = trouble.ways[way][1] if on else ()

        def change() -> None:
            self._faults.remove(*(fault for _, faults in trouble.ways.values() for fault in faults))
            self._faults.add(*wanted)

        self._changing(change)

    def kill(self, channel_id: str, *, dead: bool) -> None:
        """Archive a channel, or bring it back. Raises ``KeyError`` where there is none that could be archived."""
        channel = self._workspace.channel(channel_id)
        if channel is None or channel.is_im:
            raise KeyError(channel_id)
        self._changing(lambda: _archive(self._workspace, channel, archived=dead))

    def end(self) -> None:
        """End every trouble, and every fault that was set otherwise."""

        def change() -> None:
            self._faults.remove(*self._faults.active())
            for channel in self.standing().dead:
                _archive(self._workspace, channel, archived=False)

        self._changing(change)

    def forget(self) -> None:
        """Count no more: somebody has read what came of it."""
        with self._lock:
            self._since = None
        self._workspace.tell(Change("trouble"))

    def _changing(self, change: Callable[[], None]) -> None:
        with self._lock:
            if not self.standing().any:
                self._since, self._struck_before = self._workspace.clock(), len(self._faults.struck())
            change()
        self._workspace.tell(Change("trouble"))

    def count(self) -> Count | None:
        """Say what came of the trouble so far; nothing where there was none, or somebody has read it."""
        with self._lock:
            since, before = self._since, self._struck_before
        if since is None:
            return None
        bot = self._workspace.installation.bot_user
        posted = [
            message
            for message in self._workspace.everything()
            if message.user == bot and message.ephemeral_to is None and not message.deleted
        ]
        return Count(
            failed=max(0, len(self._faults.struck()) - before),
            arrived=sum(message.accepted_at >= since for message in posted),
            twice=_copies(posted),
        )


def _copies(messages: Sequence[Message]) -> int:
    """Count the second copies: messages of one channel that bear one and the same mark of the app's own."""
    marks = Counter((message.channel, repr(message.metadata)) for message in messages if message.metadata)
    return sum(n - 1 for n in marks.values())


def _archive(workspace: Workspace, channel: Channel, *, archived: bool) -> None:
    workspace.change_channel(channel.id, archived=archived)


def _named(trouble_id: str) -> Trouble:
    return {trouble.id: trouble for trouble in TROUBLES}[trouble_id]
