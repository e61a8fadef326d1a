"""The page in the browser: the workspace as one of its people sees and uses it, kept up to date by server-sent events.

It must not know how messages are drawn (``drawing``) nor how the app is reached (``interactions``).
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta
from typing import Any, Final, Self

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel, Field, model_validator

from playground.drawing import Drawing, day_name, time_name
from playground.interactions import Act, Interactions, NotPossibleError
from playground.people import CUSTOMER_CARE, MAYA, Channel, User
from playground.trouble import TROUBLES, Troubles
from playground.views import Views
from playground.workspace import JSON, Change, Message, Workspace

Advance = Callable[[timedelta], str]
"""Let so much time pass in the business; gives its new date and time, as ``2026-11-22T14:05``, or the date alone."""

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEARTBEAT_SECONDS: Final = 15.0
MOST: Final = timedelta(days=366)

FAILURES: Final = {
    "operation_timeout": "The app did not answer in time.",
    "dispatch_failed": "The app is not connected.",
}


class Sent(BaseModel):
    """What a person typed and sent."""

    user: str
    channel: str
    text: str = Field(max_length=40_000)
    thread_ts: str | None = None


class Used(BaseModel):
    """A click on a button or a choice in a menu."""

    user: str
    channel: str
    ts: str
    action_id: str
    block_id: str | None = None
    option: str | None = None


class Length(BaseModel):
    """How much time is to pass."""

    days: int = Field(0, ge=0, le=MOST.days)
    hours: int = Field(0, ge=0, le=23)

    @model_validator(mode="after")
    def _passes(self) -> Self:
        if not timedelta() < self.length <= MOST:
            raise ValueError("some time has to pass, and not more than a year")
        return self

    @property
    def length(self) -> timedelta:
        """Give it as a length of time."""
        return timedelta(days=self.days, hours=self.hours)


class Switched(BaseModel):
    """A trouble of Slack's that is to be on or off: by its id, in one of its ways; or a channel, dead or alive."""

    trouble: str = ""
    way: str = ""
    channel: str = ""
    on: bool


class Submitted(BaseModel):
    """What a person filled into a modal."""

    user: str
    values: dict[str, Any] = Field(default_factory=dict)


class Dismissed(BaseModel):
    """A message that only its reader sees, put away."""

    user: str
    channel: str
    ts: str


class Page:
    """The page's routes."""

    def __init__(
        self,
        workspace: Workspace,
        drawing: Drawing,
        interactions: Interactions,
        views: Views,
        *,
        troubles: Troubles,
        advance: Advance | None,
    ) -> None:
        self._workspace = workspace
        self._drawing = drawing
        self._interactions = interactions
        self._views = views
        self._troubles = troubles
        self._advance = advance
        self._advancing = threading.Lock()
        self._streams: set[tuple[asyncio.AbstractEventLoop, asyncio.Queue[Change | None]]] = set()
        self.router = APIRouter()
        self.router.add_api_route("/", self.show, methods=["GET"])
        self.router.add_api_route("/state", self.state, methods=["GET"])
        self.router.add_api_route("/page/list", self.channel_messages, methods=["GET"])
        self.router.add_api_route("/page/thread", self.thread, methods=["GET"])
        self.router.add_api_route("/page/modal", self.modal, methods=["GET"])
        self.router.add_api_route("/page/events", self.events, methods=["GET"])
        self.router.add_api_route("/page/send", self.send, methods=["POST"])
        self.router.add_api_route("/page/use", self.use, methods=["POST"])
        self.router.add_api_route("/page/dismiss", self.dismiss, methods=["POST"])
        self.router.add_api_route("/page/submit", self.submit, methods=["POST"])
        self.router.add_api_route("/page/close", self.close, methods=["POST"])
        self.router.add_api_route("/page/advance", self.advance, methods=["POST"])
        self.router.add_api_route("/page/trouble", self.trouble, methods=["POST"])
        self.router.add_api_route("/page/trouble/end", self.end_trouble, methods=["POST"])
        self.router.add_api_route("/page/trouble/read", self.trouble_read, methods=["POST"])

    # what is shown

    def _me(self, user_id: str) -> User:
        user = self._workspace.user(user_id)
        if user is None or user.is_bot:
            raise NotPossibleError("There is no such person in this workspace.")
        return user

    def _place(self, channel_id: str, me: User) -> Channel:
        channel = self._workspace.channel(channel_id)
        if channel is None or me.id not in channel.members:
            raise NotPossibleError("There is no such channel for you.")
        return channel

    def show(self, user: str = MAYA, channel: str = CUSTOMER_CARE) -> Response:
        """Show a channel as one user sees it; what is unknown leads to the start."""
        try:
            me = self._me(user)
            place = self._place(channel, me)
        except NotPossibleError:
            return RedirectResponse("/", 303)
        # Drawn first, marked read after: the badge of this channel is left out by the page itself.
        self._workspace.mark_read(me.id, place.id)
        channels = [c for c in self._workspace.channels() if me.id in c.members]
        drawn = self._drawing.page(
            "page.html",
            me=me,
            channel=place,
            channels=channels,
            first=next((c.id for c in channels if not c.is_im), place.id),
            people=self._workspace.people(),
            app=self._workspace.installation.bot_user,
            commands=self._workspace.installation.commands,
            **self._time(),
            can_advance=self._advance is not None,
            troubles=TROUBLES,
            trouble=self._trouble(me),
            drawn=self._drawing.messages(self._drawing.shown(place, me), me),
        )
        return HTMLResponse(drawn)

    def channel_messages(self, user: str, channel: str) -> Response:
        """Give a channel's messages, drawn, for a page that lost touch."""
        me = self._me(user)
        place = self._place(channel, me)
        self._workspace.mark_read(me.id, place.id)
        return HTMLResponse(self._drawing.messages(self._drawing.shown(place, me), me))

    def thread(self, user: str, channel: str, ts: str) -> Response:
        """Give the pane of a thread, drawn."""
        me = self._me(user)
        place = self._place(channel, me)
        root = self._workspace.message(place.id, ts, seen_by=me.id)
        if root and root.thread_ts and root.thread_ts != root.ts:
            root = self._workspace.message(place.id, root.thread_ts)
        if root is None:
            raise NotPossibleError("This message is gone.")
        return HTMLResponse(self._drawing.thread(root, me))

    def modal(self, user: str) -> Response:
        """Give the modal that is open for ``user``, drawn, or nothing."""
        me = self._me(user)
        view = self._views.top(me.id)
        return HTMLResponse(self._drawing.view(view, me) if view else "")

    def state(self) -> JSON:
        """Tell what stands in the channels: what everyone sees, replies included, in order of ts."""
        return {
            "channels": [
                {
                    "name": f"@{channel.name}" if channel.is_im else channel.name,
                    "messages": [
                        {
                            "ts": message.ts,
                            "text": message.text,
                            "blocks": list(message.blocks),
                            "thread_ts": message.thread_ts if message.thread_ts != message.ts else None,
                        }
                        for message in self._workspace.messages(channel.id)
                    ],
                }
                for channel in self._workspace.channels()
            ]
        }

    # what people do

    def send(self, sent: Sent) -> JSON:
        """Take what was typed: a slash command goes to the app, anything else into the conversation."""
        if not sent.text.startswith("/"):
            self._interactions.say(sent.user, sent.channel, sent.text, thread_ts=sent.thread_ts)
            return {"ok": True}
        name, _, text = sent.text.partition(" ")
        if sent.thread_ts:
            raise NotPossibleError(f"{name} is not supported in threads. Sorry!")
        answer = self._interactions.command(sent.user, sent.channel, name.strip().lower(), text)
        return self._outcome(answer.error, f"{name} failed. ")

    def use(self, used: Used) -> JSON:
        """Take a click or a choice."""
        answer = self._interactions.act(Act(**used.model_dump()))
        return self._outcome(answer.error, "")

    def dismiss(self, dismissed: Dismissed) -> JSON:
        """Put away a message that only its reader sees."""
        message = self._workspace.message(dismissed.channel, dismissed.ts, seen_by=dismissed.user)
        if message and message.ephemeral_to:
            self._workspace.delete(message)
        return {"ok": True}

    def submit(self, submitted: Submitted) -> JSON:
        """Take a submitted modal; give the errors by block where the app refuses it."""
        answer = self._interactions.submit(submitted.user, submitted.values)
        payload = answer.payload or {}
        if payload.get("response_action") == "errors":
            return {"ok": True, "errors": payload.get("errors", {})}
        return self._outcome(answer.error, "")

    def close(self, submitted: Submitted) -> JSON:
        """Close the modal."""
        self._interactions.close_view(submitted.user)
        return {"ok": True}

    def advance(self, passing: Length) -> JSON:
        """Let time pass; one request at a time."""
        if self._advance is None:
            raise NotPossibleError("Time cannot be moved here.")
        if not self._advancing.acquire(blocking=False):
            raise NotPossibleError("The time is still passing.")
        before = self._workspace.now
        try:
            # What is told meanwhile belongs to the new date already.
            self._workspace.set_now(_later(before, passing.length))
            now = before
            now = self._advance(passing.length)
        finally:
            self._workspace.set_now(now)
            self._advancing.release()
        return {"ok": True, **self._time()}

    def trouble(self, switched: Switched) -> JSON:
        """Switch a trouble of Slack's on or off."""
        try:
            if switched.channel:
                self._troubles.kill(switched.channel, dead=switched.on)
            else:
                self._troubles.switch(switched.trouble, on=switched.on, way=switched.way)
        except KeyError as error:
            raise NotPossibleError("There is no such trouble.") from error
        return {"ok": True}

    def end_trouble(self) -> JSON:
        """End every trouble."""
        self._troubles.end()
        return {"ok": True}

    def trouble_read(self) -> JSON:
        """Put away what is told of a trouble that is over."""
        self._troubles.forget()
        return {"ok": True}

    @staticmethod
    def _outcome(error: str | None, before: str) -> JSON:
        if error is None:
            return {"ok": True}
        return {"ok": False, "error": before + FAILURES.get(error, f"The app's answer was refused: {error}.")}

    # keeping pages up to date

    async def events(self, user: str, channel: str, thread: str = Query("")) -> Response:  # noqa: ARG002  (the page's own)
        """Stream what changes for ``user``, who looks at ``channel``."""
        me = self._me(user)
        place = self._place(channel, me)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(me, place), media_type="text/event-stream", headers=headers)

    async def _stream(self, me: User, place: Channel) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        entry = (loop, queue)

        def tell(change: Change) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, change)

        self._streams.add(entry)
        unsubscribe = self._workspace.subscribe(tell)
        try:
            yield _event(
                {"kind": "hello", **self._time(), "unread": self._unread(me), "trouble": self._trouble(me)}
            )
            while True:
                try:
                    change = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield _event({"kind": "date", **self._time()})
                    continue
                if change is None:
                    return
                told = self._told(change, me, place)
                if told:
                    yield _event(told)
        finally:
            unsubscribe()
            self._streams.discard(entry)

    def _time(self) -> JSON:
        return {"today": day_name(self._workspace.day), "time": time_name(self._workspace.time)}

    def _trouble(self, me: User) -> JSON:
        """Give what is on, and the banner that says so."""
        standing, count = self._troubles.standing(), self._troubles.count()
        banner = self._drawing.page("banner.html", me=me, troubles=TROUBLES, standing=standing, count=count)
        return {
            "on": dict(standing.on),
            "dead": [channel.id for channel in standing.dead],
            "any": standing.any,
            "banner": banner,
        }

    def _unread(self, me: User) -> dict[str, int]:
        return {
            c.id: self._workspace.unread(me.id, c.id)
            for c in self._workspace.channels()
            if me.id in c.members
        }

    def _told(self, change: Change, me: User, place: Channel) -> JSON | None:
        if change.kind == "view":
            return {"kind": "view"} if change.user == me.id else None
        if change.kind == "date":
            return {"kind": "date", **self._time()}
        if change.kind == "channel":
            return {"kind": "channels", "archived": [c.id for c in self._workspace.channels() if c.archived]}
        if change.kind == "trouble":
            return {"kind": "trouble", "trouble": self._trouble(me)}
        message = change.message
        if message is None:
            return {"kind": "reset"}
        if message.ephemeral_to not in (None, me.id):
            return None
        if message.channel == place.id:
            self._workspace.mark_read(me.id, place.id)
        told: JSON = {
            "kind": change.kind,
            "channel": message.channel,
            "ts": message.ts,
            "thread_ts": message.thread_ts,
            "mine": message.user == me.id,
            "unread": self._unread(me),
        }
        if self._troubles.count() is not None:
            told["trouble"] = self._trouble(me)
        if message.channel == place.id:
            told |= self._drawn(change, message, me)
        return told

    def _drawn(self, change: Change, message: Message, me: User) -> JSON:
        drawn: JSON = {}
        if change.kind != "removed":
            if message.is_root:
                drawn["html"] = self._drawing.message(message, me)
            drawn["thread_html"] = self._drawing.message(message, me, in_thread=True)
        if message.thread_ts and message.thread_ts != message.ts:
            root = self._workspace.message(message.channel, message.thread_ts)
            if root and root.is_root:
                drawn["root_html"] = self._drawing.message(root, me)
        return drawn

    def stop(self) -> None:
        """End every stream."""
        for loop, queue in tuple(self._streams):
            loop.call_soon_threadsafe(queue.put_nowait, None)


def _later(now: str, length: timedelta) -> str:
    try:
        if "T" in now:
            return (datetime.fromisoformat(now) + length).isoformat(timespec="minutes")
        return (date.fromisoformat(now) + length).isoformat()
    except (ValueError, OverflowError):
        return now


def _event(body: JSON) -> str:
    return f"data: {json.dumps(body)}\n\n"


def not_possible(error: NotPossibleError) -> JSONResponse:
    """Answer a person who asked for what cannot be."""
    return JSONResponse({"ok": False, "error": error.reason}, 400)
