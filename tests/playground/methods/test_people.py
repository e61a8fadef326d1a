from slack_sdk import WebClient

from playground import Playground
from playground.people import BOT_USER_ID, MANAGERS_GROUP, MAYA, TOM
from tests.playground.conftest import client_of
from tests.playground.test_api import error_of


def test_users_and_their_addresses(client: WebClient) -> None:
    maya = client.users_info(user=MAYA)["user"]
    assert (maya["real_name"], maya["profile"]["email"]) == ("Maya Ortiz", "maya.ortiz@northwind.example")
    assert client.users_lookupByEmail(email="Tom.Becker@Northwind.example")["user"]["id"] == TOM
    assert [user["id"] for user in client.users_list()["members"]][-1] == BOT_USER_ID
    assert error_of(client.users_info, user="U0")["error"] == "user_not_found"
    assert error_of(client.users_lookupByEmail, email="no@one.example")["error"] == "users_not_found"


def test_without_its_scope_no_address_is_told() -> None:
    with Playground(scopes=frozenset({"users:read"})) as slack:
        client = client_of(slack)
        assert "email" not in client.users_info(user=MAYA)["user"]["profile"]
        assert error_of(client.users_lookupByEmail, email="x@y.example")["needed"] == "users:read.email"


def test_user_groups(client: WebClient) -> None:
    assert client.usergroups_users_list(usergroup=MANAGERS_GROUP)["users"] == [MAYA]
    assert [group["handle"] for group in client.usergroups_list()["usergroups"]] == ["managers"]
    assert error_of(client.usergroups_users_list, usergroup="S0")["error"] == "no_such_subteam"
