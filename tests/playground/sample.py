"""A small app made with Slack's own SDK, to see that the playground is Slack enough for it."""

import time
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from handlers.slack.connection import Connection
from playground import Playground

JSON = dict[str, Any]


def wait_for(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until ``condition`` holds; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def plain(text: str) -> JSON:
    return {"type": "plain_text", "text": text}


def button(action_id: str, text: str, **more: object) -> JSON:
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": f"1:{action_id}", **more}


def option(text: str, value: str) -> JSON:
    return {"text": plain(text), "value": value}


def alert_blocks(name: str, *, claimed_by: str | None = None) -> list[JSON]:
    confirm = {
        "title": plain("Resolve this alert?"),
        "text": plain("It is closed for everyone."),
        "confirm": plain("Resolve"),
        "deny": plain("Keep open"),
    }
    return [
        {"type": "header", "text": plain(f"{name} is going cold")},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*No purchase for 33 days.*"},
            "accessory": {
                "type": "overflow",
                "action_id": "more",
                "options": [option("Why this alert?", "why"), option("Pause this rule", "pause")],
            },
        },
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Owner*\n<@U08TOMBECKR>"}]},
        {"type": "divider"},
        {
            "type": "actions",
            "block_id": "actions",
            "elements": [
                button("claim", "Claim", style="primary"),
                {
                    "type": "static_select",
                    "action_id": "snooze",
                    "placeholder": plain("Snooze"),
                    "options": [option("1 day", "1d"), option("1 week", "7d")],
                },
                button("resolve", "Resolve", confirm=confirm),
            ],
        },
        {
            "type": "context",
            "elements": [plain(f"Claimed by {claimed_by}" if claimed_by else "Nobody has it yet")],
        },
    ]


class SampleApp:
    """Answers ``/customer``, and the buttons of `alert_blocks`; keeps what it was sent."""

    def __init__(self, slack: Playground) -> None:
        self.client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        self.commands: list[JSON] = []
        self.actions: list[JSON] = []
        self.submissions: list[JSON] = []
        self.bolt = App(client=self.client, process_before_response=True)
        self.bolt.command("/customer")(self._customer)
        self.bolt.command("/rules")(self._rules)
        self.bolt.command("/alerts")(lambda: time.sleep(4))
        for name in ("claim", "snooze", "resolve", "more"):
            self.bolt.action(name)(self._act)
        self.bolt.view("rule")(self._submitted)
        self._handler = SocketModeHandler(self.bolt, slack.app_token)

    def connect(self) -> None:
        self._handler.connect()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        # The bot's own way to close: the SDK's waits for what is read for three seconds more.
        Connection(self._handler.client).stop()

    def alert(self, name: str, channel: str = "customer-care", **more: Any) -> str:
        posted = self.client.chat_postMessage(
            channel=channel, text=f"{name} is going cold", blocks=alert_blocks(name), **more
        )
        return str(posted["ts"])

    def _customer(self, ack: Ack, respond: Respond, command: JSON) -> None:
        ack()
        self.commands.append(command)
        respond(text=f"*Claudia Reyes* is at risk. You asked: {command['text']}")

    def _rules(self, ack: Ack, command: JSON) -> None:
        self.commands.append(command)
        if command["text"] != "add":
            ack("There are no rules yet.")
            return
        ack()
        field = {"type": "plain_text_input", "action_id": "text"}
        block = {"type": "input", "block_id": "condition", "label": plain("Condition"), "element": field}
        view = {"type": "modal", "callback_id": "rule", "title": plain("Add a rule"), "submit": plain("Save")}
        self.client.views_open(trigger_id=command["trigger_id"], view={**view, "blocks": [block]})

    def _act(self, ack: Ack, body: JSON) -> None:
        ack()
        self.actions.append(body)
        if body["actions"][0]["action_id"] != "claim":
            return
        message, channel = body["message"], body["channel"]["id"]
        name = message["text"].removesuffix(" is going cold")
        blocks = alert_blocks(name, claimed_by=body["user"]["name"])
        self.client.chat_update(channel=channel, ts=message["ts"], text=message["text"], blocks=blocks)
        self.client.chat_postMessage(
            channel=channel, thread_ts=message["ts"], text=f"<@{body['user']['id']}> claimed this alert."
        )

    def _submitted(self, ack: Ack, view: JSON) -> None:
        self.submissions.append(view)
        if "(" in view["state"]["values"]["condition"]["text"]["value"]:
            ack()
        else:
            ack(response_action="errors", errors={"condition": "Did you mean silent(purchase, 30d)?"})
