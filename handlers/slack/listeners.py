"""What Bolt calls, registered in one place: acknowledge at once, do the work in threads of our own, reply.

Slack delivers some things twice: what changes anything is remembered in the database, with the change; what only
answers is remembered here, so that nobody is answered twice.
"""

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any, ClassVar, Final

import structlog
from slack_bolt import Ack, App

from handlers import channels
from handlers.context import Context
from handlers.slack import alerts, customer, lifecycle, modals, rules
from handlers.slack.asked import Asked
from handlers.slack.directory import Directory
from handlers.slack.presses import Shown, pressed
from handlers.slack.reply import error_answer, reply
from rules.errors import WarmlineError
from templates.blocks import Rendered
from templates.codec import ACTION_PREFIX, chosen, decode
from templates.modals import DAY_BLOCK, SNOOZE, Modal

COMMANDS: Final[Mapping[str, Callable[[Asked, str], Rendered | None]]] = {
    customer.COMMAND: customer.customer,
    alerts.COMMAND: alerts.alerts,
    rules.COMMAND: rules.rules,
    lifecycle.COMMAND: lifecycle.lifecycle,
}
_WORKERS: Final = 8
_REMEMBERED: Final = 5_000
_NAMELESS: Final = frozenset({"directmessage", "privategroup"})
"""What Slack calls channels whose name it does not tell."""

Send = Callable[..., None]
Open = Callable[[str, Modal], bool]
"""Opens a dialog by the trigger of a press; whether Slack did."""
log = structlog.get_logger(__name__)


class OtherWorkspaceError(WarmlineError):
    """A press or a dialog of another workspace than the one that the bot works for."""

    code: ClassVar[str] = "other_workspace"


class Listeners:
    """The listeners of one app; ``stop`` lets the work under way end."""

    def __init__(
        self,
        ctx: Context,
        directory: Directory,
        *,
        executor: Executor | None = None,
        send: Send = reply,
        open_modal: Open | None = None,
    ) -> None:
        self._ctx = ctx
        self._directory = directory
        self._send = send
        self._open = open_modal
        self._executor = executor or ThreadPoolExecutor(_WORKERS, thread_name_prefix="answer")
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._mutex = threading.Lock()

    def command(self, ack: Ack, body: dict[str, Any]) -> None:
        """Take a slash command."""
        ack()
        self._submit(self.answer_command, body)

    def action(self, ack: Ack, body: dict[str, Any]) -> None:
        """Take the press of a button, or a choice from a menu."""
        ack()
        self._submit(self.answer_action, body)

    def submission(self, ack: Ack, body: dict[str, Any]) -> None:
        """Take a submitted dialog: it closes, or says at its field what is wrong, so the answer waits for the work."""
        wrong = self.answer_submission(body)
        if wrong is None:
            ack()
        else:
            ack(response_action="errors", errors=wrong)

    def stop(self) -> None:
        """Take no more work, and let what is under way end."""
        self._executor.shutdown(wait=True)

    def answer_command(self, body: Mapping[str, Any]) -> None:
        """Answer a slash command."""
        asked = Asked(
            self._ctx,
            self._directory,
            str(body.get("user_id", "")),
            key_of("command", body),
            channel=str(body.get("channel_id") or ""),
        )
        if self._again(asked.key):
            return
        name = str(body.get("command", ""))
        answer: Rendered | None
        try:
            self._learn(body)
            answer = COMMANDS[name](asked, str(body.get("text") or ""))
        except Exception as error:  # noqa: BLE001  the edge: whatever it was becomes an answer
            answer = error_answer(error, asked.voice(), command=name if name in COMMANDS else None)
        self._answer(body, Shown(answer))

    def answer_action(self, body: Mapping[str, Any]) -> None:
        """Do what was pressed, and show what is to be seen."""
        user = body.get("user") or {}
        asked = Asked(self._ctx, self._directory, str(user.get("id", "")), key_of("action", body))
        if self._again(asked.key):
            return
        container = body.get("container") or {}
        try:
            self._of_this_workspace(body)
            shown = pressed(asked, decode(_value(body)), ephemeral=bool(container.get("is_ephemeral")))
            if shown.modal is not None:
                self._open_modal(body, shown.modal)
        except Exception as error:  # noqa: BLE001  the edge: whatever it was becomes an answer
            shown = Shown(error_answer(error, asked.voice()))
        self._answer(body, shown)

    def answer_submission(self, body: Mapping[str, Any]) -> dict[str, str] | None:
        """Do what a submitted dialog asks for; gives what is wrong with it, by field, or None."""
        user = body.get("user") or {}
        asked = Asked(self._ctx, self._directory, str(user.get("id", "")), key_of("view", body))
        try:
            self._of_this_workspace(body)
            modals.submitted(asked, body.get("view") or {})
        except WarmlineError as error:
            return {DAY_BLOCK: self._ctx.words.error_plain(error)}
        except Exception as error:  # noqa: BLE001  the edge: whatever it was becomes an answer
            return {DAY_BLOCK: error_answer(error, asked.voice()).text}
        return None

    def _open_modal(self, body: Mapping[str, Any], modal: Modal) -> None:
        if self._open is None or not self._open(str(body.get("trigger_id") or ""), modal):
            number = decode(modal["private_metadata"]).subject
            raise modals.DialogNotOpenedError(usage=f"{alerts.COMMAND} snooze {number} 2026-12-24")

    def _of_this_workspace(self, body: Mapping[str, Any]) -> None:
        """Refuse what another workspace sent, where Slack says which one this is."""
        team = (body.get("team") or {}).get("id")
        if not isinstance(team, str) or not team:
            return
        ours = self._directory.team(now=self._ctx.elapsed())
        if ours is not None and team != ours:
            raise OtherWorkspaceError

    def _submit(self, work: Callable[[Mapping[str, Any]], None], body: Mapping[str, Any]) -> None:
        def guarded() -> None:
            try:
                work(body)
            except Exception:
                # Even saying that something failed has failed; nobody is left to be told but the log.
                log.exception("answer_failed")

        self._executor.submit(guarded)

    def _answer(self, body: Mapping[str, Any], shown: Shown) -> None:
        url = body.get("response_url")
        if shown.answer is not None and isinstance(url, str) and url:
            self._send(url, shown.answer, replace=shown.replace)

    def _learn(self, body: Mapping[str, Any]) -> None:
        """Note which name the channel has in which a command was typed; direct messages and the like have none."""
        channel, name = str(body.get("channel_id") or ""), str(body.get("channel_name") or "")
        if name not in _NAMELESS:
            channels.learn(self._ctx, channel, name)

    def _again(self, key: str) -> bool:
        with self._mutex:
            if key in self._seen:
                return True
            self._seen[key] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            return False


def register(app: App, ctx: Context, directory: Directory) -> Listeners:
    """Let ``app`` answer every command and press that Warmline knows; gives what is to be stopped at the end."""
    listeners = Listeners(ctx, directory, open_modal=partial(modals.opened, app.client))
    for name in COMMANDS:
        app.command(name)(listeners.command)
    app.action(re.compile(rf"{re.escape(ACTION_PREFIX)}.+"))(listeners.action)
    app.view(SNOOZE)(listeners.submission)
    return listeners


def key_of(kind: str, body: Mapping[str, Any]) -> str:
    """Give what is the same in every delivery of one command or press, and differs between two."""
    trigger = body.get("trigger_id")
    if isinstance(trigger, str) and trigger:
        return f"{kind}:{trigger[:200]}"
    # Without one, as forged requests come, the content stands for it.
    whole = json.dumps(body, sort_keys=True, default=str)
    return f"{kind}:{hashlib.sha256(whole.encode()).hexdigest()}"


def _value(body: Mapping[str, Any]) -> object:
    actions = body.get("actions") or [{}]
    first = actions[0] if isinstance(actions, list) and isinstance(actions[0], dict) else {}
    option = first.get("selected_option")
    if isinstance(option, dict):
        return option.get("value")
    channel = first.get("selected_conversation") or first.get("selected_channel")
    return chosen(first.get("block_id"), channel) if channel else first.get("value")
