"""The manifest: valid by Slack's rules, and asking for exactly what the code uses.

The rules are those of docs.slack.dev/reference/app-manifest; the scopes of each method those of its own page there.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk import WebClient

from handlers.slack import alerts, customer, lifecycle, rules
from handlers.slack.listeners import COMMANDS
from playground import people

ROOT = Path(__file__).parents[3]
SCOPES = {
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "chat_delete": {"chat:write"},
    "conversations_list": {"channels:read", "groups:read"},
    "conversations_history": {"channels:history", "groups:history"},
    "conversations_replies": {"channels:history", "groups:history"},
    "usergroups_users_list": {"usergroups:read"},
    # The e-mail address of the profile is what it is asked for.
    "users_lookupByEmail": {"users:read", "users:read.email"},
    "users_info": {"users:read", "users:read.email"},
    "auth_test": set(),
}


@pytest.fixture
def manifest() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "handlers/slack/manifest.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_it_is_what_slack_takes(manifest: dict[str, Any]) -> None:
    assert set(manifest) == {"_metadata", "display_information", "features", "oauth_config", "settings"}
    display = manifest["display_information"]
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert 174 <= len(display["long_description"]) <= 4_000
    assert re.fullmatch("#[0-9A-Fa-f]{6}", display["background_color"])
    bot = manifest["features"]["bot_user"]
    assert re.fullmatch(r"[a-z0-9._-]{1,80}", bot["display_name"])
    for command in manifest["features"]["slash_commands"]:
        assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
        assert 0 < len(command["description"]) <= 2_000
        assert len(command["usage_hint"]) <= 1_000
        assert set(command) == {"command", "description", "usage_hint", "should_escape"}
    home = manifest["features"]["app_home"]
    # A direct message to a manager needs the tab that it appears in.
    assert home == {
        "home_tab_enabled": False,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": True,
    }
    settings = manifest["settings"]
    assert settings["interactivity"]["is_enabled"]
    assert settings["socket_mode_enabled"]
    assert set(settings) == {
        "interactivity",
        "org_deploy_enabled",
        "socket_mode_enabled",
        "token_rotation_enabled",
    }


def test_every_command_of_the_code_is_in_it_and_no_other(manifest: dict[str, Any]) -> None:
    assert {command["command"] for command in manifest["features"]["slash_commands"]} == set(COMMANDS)


def test_what_it_hints_at_can_be_typed_and_the_playground_hints_at_nothing_else(
    manifest: dict[str, Any],
) -> None:
    known = {
        customer.COMMAND: {*customer.SUBCOMMANDS, "Ann"},
        alerts.COMMAND: set(alerts.SUBCOMMANDS),
        rules.COMMAND: set(rules.SUBCOMMANDS),
        lifecycle.COMMAND: set(lifecycle.SUBCOMMANDS),
    }
    hints = [(one["command"], one["usage_hint"]) for one in manifest["features"]["slash_commands"]]
    hints += [(one.name, one.usage_hint) for one in people.COMMANDS]
    for command, hint in hints:
        words = [one.split()[0] for one in hint.split(" | ")]
        assert set(words) <= known[command], command
        assert words[-1] == "help"


def test_it_asks_for_the_scopes_that_the_calls_need_and_no_others(manifest: dict[str, Any]) -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "handlers/slack").glob("*.py"))
    # The socket's client has methods of its own, which need no scope of the bot's.
    called = {name for name in re.findall(r"_client\.([a-zA-Z_]+)\(", code) if hasattr(WebClient, name)}
    assert "chat_postMessage" in called
    assert called <= set(SCOPES), "say above which scopes these need"
    asked = manifest["oauth_config"]["scopes"]["bot"]
    assert asked == sorted(asked)
    assert set(asked) == {"commands"}.union(*(SCOPES[method] for method in called))


def test_the_documentation_says_what_each_scope_is_for(manifest: dict[str, Any]) -> None:
    page = (ROOT / "docs/slack-setup.md").read_text(encoding="utf-8")
    for scope in manifest["oauth_config"]["scopes"]["bot"]:
        assert re.search(rf"^\|.*`{re.escape(scope)}`", page, re.MULTILINE), scope
    for left_out in ("chat:write.public", "im:*", "app_mentions:read"):
        assert f"`{left_out}`" in page
