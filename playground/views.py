"""Modals and home tabs: which are open for whom, and the triggers that allow opening them.

It must not know how a view is drawn nor how its submission travels.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from playground.limits import RefusedError
from playground.people import APP_ID, BOT_ID, TEAM_ID
from playground.workspace import JSON, Clock

TRIGGER_SECONDS: Final = 3.0
STACK: Final = 3


@dataclass(frozen=True, slots=True)
class View:
    """A view as it stands: what the app sent, for ``user``, with Slack's id and hash."""

    id: str
    user: str
    sent: JSON
    hash: str
    root_id: str
    previous_id: str | None = None

    def wire(self) -> JSON:
        """Give the view as Slack sends it, without its state."""
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
            "hash": self.hash,
            "root_view_id": self.root_id,
            "previous_view_id": self.previous_id,
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "submit": None,
            "close": None,
            **self.sent,
            "state": {"values": {}},
        }


class Views:
    """The open views and the triggers not yet used."""

    def __init__(self, clock: Clock, changed: Callable[[str], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._lock = threading.RLock()
        self._triggers: dict[str, tuple[str, float, bool]] = {}
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def trigger(self, user: str) -> str:
        """Give a trigger id with which the app may open one view for ``user`` within three seconds."""
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        with self._lock:
            self._triggers[trigger_id] = (user, self._clock(), False)
        return trigger_id

    def _exchange(self, trigger_id: object) -> str:
        with self._lock:
            if not isinstance(trigger_id, str) or trigger_id not in self._triggers:
                raise RefusedError("invalid_trigger_id")
            user, issued, used = self._triggers[trigger_id]
            if used:
                raise RefusedError("exchanged_trigger_id")
            if self._clock() - issued > TRIGGER_SECONDS:
                raise RefusedError("expired_trigger_id")
            self._triggers[trigger_id] = (user, issued, True)
            return user

    def open(self, trigger_id: object, sent: JSON, *, push: bool = False) -> View:
        """Open a modal for the trigger's user, above those that are open when ``push``."""
        user = self._exchange(trigger_id)
        with self._lock:
            stack = self._stacks.setdefault(user, [])
            if not push:
                stack.clear()
            if len(stack) >= STACK:
                raise RefusedError("push_limit_reached")
            view = self._new(user, sent, below=stack[-1] if stack else None)
            stack.append(view)
        self._changed(user)
        return view

    def _new(self, user: str, sent: JSON, *, below: View | None) -> View:
        view_id = f"V{secrets.token_hex(5).upper()}"
        root = below.root_id if below else view_id
        return View(view_id, user, sent, _hash(), root, below.id if below else None)

    def update(
        self, sent: JSON, *, view_id: object = None, external_id: object = None, seen: object = None
    ) -> View:
        """Put ``sent`` in the place of an open view; ``seen`` is the hash that the app last saw."""
        with self._lock:
            for stack in self._stacks.values():
                for index, view in enumerate(stack):
                    if view.id != view_id and (
                        not external_id or view.sent.get("external_id") != external_id
                    ):
                        continue
                    if seen and seen != view.hash:
                        raise RefusedError("hash_conflict")
                    stack[index] = replace(view, sent=sent, hash=_hash())
                    self._changed(view.user)
                    return stack[index]
        raise RefusedError("not_found")

    def push_above(self, view: View, sent: JSON) -> View:
        """Open a modal above ``view``, as an answer to its submission does."""
        with self._lock:
            stack = self._stacks.setdefault(view.user, [])
            above = self._new(view.user, sent, below=view)
            stack.append(above)
        self._changed(view.user)
        return above

    def publish(self, user: str, sent: JSON) -> View:
        """Set the home tab of ``user``."""
        with self._lock:
            view = self._new(user, sent, below=None)
            self._homes[user] = view
        self._changed(user)
        return view

    def top(self, user: str) -> View | None:
        """Give the modal that ``user`` sees."""
        with self._lock:
            stack = self._stacks.get(user)
            return stack[-1] if stack else None

    def home(self, user: str) -> View | None:
        """Give the home tab of ``user``."""
        return self._homes.get(user)

    def close(self, user: str, *, everything: bool = False) -> None:
        """Close the topmost modal of ``user``, or all."""
        with self._lock:
            stack = self._stacks.get(user, [])
            del stack[0 if everything else -1 :]
        self._changed(user)

    def reset(self) -> None:
        """Close everything."""
        with self._lock:
            self._triggers, self._stacks, self._homes = {}, {}, {}


def _hash() -> str:
    return f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}"
