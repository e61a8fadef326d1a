"""What tests may do from outside: act as a person, look at everything, and switch faults.

For a playground in a process of its own; within one process tests use `Playground` itself. It must not know the page.
"""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from playground.api import WebApi
from playground.deliver import Answer
from playground.faults import Faults, fault_from_json
from playground.interactions import Act, Interactions
from playground.socket_mode import Reason, SocketMode
from playground.workspace import JSON, Message, Workspace


class Command(BaseModel):
    """A slash command by a user in a channel."""

    user: str
    channel: str
    command: str
    text: str = ""


class Action(BaseModel):
    """A click or choice by a user on a message."""

    user: str
    channel: str
    ts: str
    action_id: str
    block_id: str | None = None
    option: str | None = None


class Saying(BaseModel):
    """A message by a user."""

    user: str
    channel: str
    text: str
    thread_ts: str | None = None


class ChannelState(BaseModel):
    """How a channel is to be."""

    channel: str
    archived: bool | None = None
    app_is_member: bool | None = None


class InstallationState(BaseModel):
    """How the app's installation is to be."""

    token_error: str | None = None
    scopes: list[str] | None = None


class Copies(BaseModel):
    """How many times every envelope is delivered."""

    copies: int = Field(ge=1, le=10)


class Disconnect(BaseModel):
    """How Socket Mode's connections end."""

    reason: Reason = "refresh_requested"
    abruptly: bool = False


class Control:
    """The routes under ``/control``; ``change_installation`` and ``reset`` are the playground's."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        interactions: Interactions,
        socket: SocketMode,
        faults: Faults,
        api: WebApi,
        playground: "Resettable",
    ) -> None:
        self._workspace = workspace
        self._interactions = interactions
        self._socket = socket
        self._faults = faults
        self._api = api
        self._playground = playground
        self.router = APIRouter(prefix="/control")
        for path, method, endpoint in (
            ("/command", "POST", self.command),
            ("/action", "POST", self.action),
            ("/message", "POST", self.message),
            ("/messages", "GET", self.messages),
            ("/ephemerals", "GET", self.ephemerals),
            ("/calls", "GET", self.calls),
            ("/arrived", "GET", self.arrived),
            ("/faults", "GET", self.show_faults),
            ("/faults", "POST", self.add_faults),
            ("/faults", "DELETE", self.clear_faults),
            ("/channel", "POST", self.channel),
            ("/installation", "POST", self.installation),
            ("/copies", "POST", self.copies),
            ("/redeliver", "POST", self.redeliver),
            ("/connections", "GET", self.connections),
            ("/disconnect", "POST", self.disconnect),
            ("/reset", "POST", self.reset),
        ):
            self.router.add_api_route(path, endpoint, methods=[method])

    def command(self, command: Command) -> JSON:
        """Run a slash command; answers after the app acknowledged it."""
        return _told(self._interactions.command(command.user, command.channel, command.command, command.text))

    def action(self, action: Action) -> JSON:
        """Click or choose; answers after the app acknowledged it."""
        return _told(self._interactions.act(Act(**action.model_dump())))

    def message(self, saying: Saying) -> JSON:
        """Post as a user."""
        posted = self._interactions.say(saying.user, saying.channel, saying.text, thread_ts=saying.thread_ts)
        return {"ok": True, "ts": posted.ts}

    def messages(self, event_type: str | None = None, channel: str | None = None) -> JSON:
        """Give all messages in order of ts, deleted and ephemeral ones too, with metadata and time of acceptance."""
        place = self._workspace.channel(channel) if channel else None
        found = [
            _message(message)
            for message in sorted(self._workspace.everything(), key=lambda m: m.ts)
            if (event_type is None or (message.metadata or {}).get("event_type") == event_type)
            and (channel is None or (place is not None and message.channel == place.id))
        ]
        return {"messages": found}

    def ephemerals(self, user: str) -> JSON:
        """Give the messages that only ``user`` sees."""
        return {"messages": [_message(message) for message in self._workspace.ephemerals(user)]}

    def calls(self, method: str | None = None) -> JSON:
        """Give the Web API calls that arrived."""
        return {"calls": [asdict(call) for call in self._api.calls(method)]}

    def arrived(self) -> JSON:
        """Count the Web API calls that arrived, without giving them all."""
        return {"calls": self._api.arrived()}

    def show_faults(self) -> JSON:
        """Give the faults that are on, and those that struck."""
        active, struck = self._faults.active(), self._faults.struck()
        return {"active": [asdict(f) for f in active], "struck": [asdict(f) for f in struck]}

    def add_faults(self, body: dict[str, Any]) -> JSON:
        """Switch faults on: ``{"faults": [{"kind", "method", …}], "seed": n?}``."""
        try:
            faults = [fault_from_json(fault) for fault in body.get("faults", [])]
        except (TypeError, ValueError) as error:
            raise HTTPException(422, str(error)) from error
        if body.get("seed") is not None:
            self._faults.seed(int(body["seed"]))
        self._faults.add(*faults)
        return self.show_faults()

    def clear_faults(self) -> JSON:
        """Switch all faults off."""
        self._faults.clear()
        return {"ok": True}

    def channel(self, state: ChannelState) -> JSON:
        """Archive a channel or put the app out of it, or the contrary."""
        found = self._workspace.channel(state.channel)
        if found is None:
            raise HTTPException(404, "channel_not_found")
        self._workspace.change_channel(found.id, archived=state.archived, app_is_member=state.app_is_member)
        return {"ok": True}

    def installation(self, state: InstallationState) -> JSON:
        """Revoke the token (``token_error``), or grant other scopes; ``token_error: null`` restores it."""
        self._playground.change_installation(
            token_error=state.token_error, scopes=None if state.scopes is None else frozenset(state.scopes)
        )
        return {"ok": True}

    def copies(self, copies: Copies) -> JSON:
        """Deliver every envelope so many times from now on."""
        self._socket.copies = copies.copies
        return {"ok": True}

    def redeliver(self) -> JSON:
        """Deliver the last thing once more."""
        return _told(self._interactions.delivery.redeliver())

    def connections(self) -> JSON:
        """Count Socket Mode's connections."""
        return {"connections": self._socket.count()}

    def disconnect(self, disconnect: Disconnect) -> JSON:
        """End Socket Mode's connections."""
        return {"connections": self._socket.disconnect(disconnect.reason, abruptly=disconnect.abruptly)}

    def reset(self) -> JSON:
        """Bring the workspace back to its beginning."""
        self._playground.reset()
        return {"ok": True}


class Resettable:
    """What the control endpoints ask of the playground as a whole."""

    def change_installation(self, *, token_error: str | None, scopes: frozenset[str] | None) -> None:
        """Change the app's installation."""
        raise NotImplementedError

    def reset(self) -> None:
        """Bring everything back to the beginning."""
        raise NotImplementedError


def _told(answer: Answer) -> JSON:
    return {"ok": answer.ok, "error": answer.error, "payload": answer.payload}


def _message(message: Message) -> JSON:
    body = asdict(message)
    body["blocks"], body["attachments"] = list(message.blocks), list(message.attachments)
    return body
