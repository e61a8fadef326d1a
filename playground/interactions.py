"""What people do with the app: slash commands, clicks, choices, submitted modals; as payloads, and their answers.

Payloads: docs.slack.dev/interactivity/implementing-slash-commands, docs.slack.dev/reference/interaction-payloads. It
must not know how they travel nor what the page looks like.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from playground.block_kit import interactive_elements
from playground.deliver import Answer, Delivery
from playground.limits import RefusedError, check_view
from playground.people import APP_ID, TEAM_DOMAIN, TEAM_ID, Channel, User
from playground.response_urls import ResponseUrls
from playground.views import View, Views
from playground.wire import message_json
from playground.workspace import JSON, Message, Workspace


class NotPossibleError(Exception):
    """A person asked for what Slack's client would not let them do; ``reason`` says it in a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Act:
    """A click or a choice: which element of which message, and the chosen option's value."""

    user: str
    channel: str
    ts: str
    action_id: str
    block_id: str | None = None
    option: str | None = None


def escaped(text: str) -> str:
    """Escape what a person typed as Slack does before it gives it to an app."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Interactions:
    """Carries what people do to the app."""

    def __init__(
        self,
        workspace: Workspace,
        views: Views,
        urls: ResponseUrls,
        delivery: Delivery,
        base: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._views = views
        self._urls = urls
        self._base = base
        self.delivery = delivery

    def _who(self, user_id: str) -> User:
        user = self._workspace.user(user_id)
        if user is None or user.is_bot:
            raise NotPossibleError("There is no such person in this workspace.")
        return user

    def _where(self, channel_id: str, user: User) -> Channel:
        channel = self._workspace.channel(channel_id)
        if channel is None or user.id not in channel.members:
            raise NotPossibleError("There is no such channel for you.")
        return channel

    def _response_url(self, user: str, channel: str, original: Message | None = None) -> str:
        return f"{self._base()}/response/{self._urls.issue(user, channel, original=original)}"

    def say(self, user_id: str, channel_id: str, text: str, *, thread_ts: str | None = None) -> Message:
        """Post what a person typed."""
        user = self._who(user_id)
        channel = self._where(channel_id, user)
        if channel.archived:
            raise NotPossibleError("This channel is archived.")
        if not text.strip():
            raise NotPossibleError("There is nothing to send.")
        return self._workspace.post(channel.id, user.id, escaped(text), thread_ts=thread_ts)

    def command(self, user_id: str, channel_id: str, name: str, text: str) -> Answer:
        """Run a slash command and show the app's immediate answer, if it gives one."""
        user = self._who(user_id)
        channel = self._where(channel_id, user)
        installed = self._workspace.installation
        known = {command.name for command in installed.commands}
        if name not in known or "commands" not in installed.scopes:
            raise NotPossibleError(f"{name} is not a valid command.")
        payload: JSON = {
            "token": "playground",
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.is_im else channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": name,
            "text": escaped(text.strip()),
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._response_url(user.id, channel.id),
            "trigger_id": self._views.trigger(user.id),
        }
        answer = self.delivery.deliver("slash_commands", payload)
        if answer.payload:
            try:
                self._urls.use(str(payload["response_url"]).rsplit("/", 1)[1], answer.payload)
            except RefusedError as refused:
                return Answer(error=refused.error)
        return answer

    def act(self, act: Act) -> Answer:
        """Use an element of a message: a button, an overflow menu, a select menu."""
        user = self._who(act.user)
        channel = self._where(act.channel, user)
        message = self._workspace.message(channel.id, act.ts, seen_by=user.id)
        if message is None:
            raise NotPossibleError("This message is gone.")
        block, element = _find(message, act)
        action = self._action(block, element, act, user)
        if element["type"] in _KEEPS_CHOICE:
            kept = tuple(s for s in message.selections if s[:2] != (block["block_id"], act.action_id))
            chosen = (str(block["block_id"]), act.action_id, str(act.option))
            message = self._workspace.replace(message, selections=(*kept, chosen))
        container: JSON = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_to is not None,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        payload: JSON = {
            "type": "block_actions",
            **self._actor(user),
            "container": container,
            "trigger_id": self._views.trigger(user.id),
            "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
            "state": {"values": _state(message)},
            "response_url": self._response_url(user.id, channel.id, message),
            "actions": [action],
        }
        if message.ephemeral_to is None:
            payload["message"] = message_json(self._workspace, message)
        return self.delivery.deliver("interactive", payload)

    def _actor(self, user: User) -> JSON:
        return {
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM_ID},
            "api_app_id": APP_ID,
            "token": "playground",
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _action(self, block: JSON, element: JSON, act: Act, user: User) -> JSON:
        action: JSON = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "action_ts": self._workspace.next_ts(),
        }
        if element["type"] == "button":
            action["text"] = element["text"]
            action |= {name: element[name] for name in ("value", "style", "url") if name in element}
        elif element["type"] in ("overflow", "static_select", "radio_buttons"):
            chosen = next((o for o in options_of(element) if o.get("value") == act.option), None)
            if chosen is None:
                raise NotPossibleError("There is no such choice in the menu.")
            action["selected_option"] = chosen
            if "placeholder" in element:
                action["placeholder"] = element["placeholder"]
        elif element["type"] in CHANNEL_MENUS:
            if act.option not in [channel.id for channel in channels_for(element, user, self._workspace)]:
                raise NotPossibleError("There is no such channel in the menu.")
            action[CHANNEL_MENUS[element["type"]]] = act.option
        else:
            raise NotPossibleError(f"The playground cannot use a {element['type']} in a message.")
        return action

    def submit(self, user_id: str, values: JSON) -> Answer:
        """Submit the modal that ``user_id`` sees, with the state's ``values`` by block and action id."""
        view = self._top(user_id)
        wire = view.wire() | {"state": {"values": values}}
        payload: JSON = {
            "type": "view_submission",
            **self._actor(self._who(user_id)),
            "trigger_id": self._views.trigger(user_id),
            "view": wire,
            "response_urls": [],
        }
        answer = self.delivery.deliver("interactive", payload)
        if answer.ok:
            self._respond(view, answer.payload or {})
        return answer

    def _respond(self, view: View, answer: JSON) -> None:
        what = answer.get("response_action")
        if what == "clear":
            self._views.close(view.user, everything=True)
        elif what == "update":
            self._views.update(check_view(answer.get("view")), view_id=view.id)
        elif what == "push":
            self._views.push_above(view, check_view(answer.get("view")))
        elif what != "errors":
            self._views.close(view.user)

    def close_view(self, user_id: str) -> None:
        """Close the modal that ``user_id`` sees; the app hears of it where it asked to."""
        view = self._top(user_id)
        self._views.close(user_id)
        if view.sent.get("notify_on_close"):
            payload = {
                "type": "view_closed",
                **self._actor(self._who(user_id)),
                "view": view.wire(),
                "is_cleared": False,
            }
            self.delivery.deliver("interactive", payload)

    def _top(self, user_id: str) -> View:
        view = self._views.top(user_id)
        if view is None:
            raise NotPossibleError("There is no dialog open.")
        return view


def _find(message: Message, act: Act) -> tuple[JSON, JSON]:
    for block, element in interactive_elements(message.blocks):
        if element.get("action_id") == act.action_id and act.block_id in (None, block.get("block_id")):
            return block, element
    raise NotPossibleError("This message has changed; look at it again.")


CHANNEL_MENUS: Final = {
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
}
"""Menus of channels, and the field that brings what was chosen."""
_KEEPS_CHOICE: Final = frozenset({"static_select", "radio_buttons", *CHANNEL_MENUS})


def channels_for(element: JSON, user: User, workspace: Workspace) -> list[Channel]:
    """Give the channels that a menu of channels offers ``user``."""
    wanted = (element.get("filter") or {}).get("include") or ["public", "im"]
    with_direct = element["type"] == "conversations_select" and "im" in wanted
    return [
        channel
        for channel in workspace.channels()
        if user.id in channel.members and not channel.archived and (with_direct or not channel.is_im)
    ]


def options_of(element: JSON) -> list[JSON]:
    """Give the options of a menu, those of its groups included."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group["options"])]


def _state(message: Message) -> JSON:
    values: JSON = {}
    chosen = {(block, action): value for block, action, value in message.selections}
    for block, element in interactive_elements(message.blocks):
        if element["type"] not in _KEEPS_CHOICE:
            continue
        value = chosen.get((block["block_id"], element["action_id"]))
        if element["type"] in CHANNEL_MENUS:
            kept = {"type": element["type"], CHANNEL_MENUS[element["type"]]: value}
            values.setdefault(block["block_id"], {})[element["action_id"]] = kept
            continue
        option = next(
            (o for o in options_of(element) if o.get("value") == value), element.get("initial_option")
        )
        values.setdefault(block["block_id"], {})[element["action_id"]] = {
            "type": element["type"],
            "selected_option": option,
        }
    return values
