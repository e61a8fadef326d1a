"""A playground, a client of its Web API, and a sample app."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from playground import Playground
from tests.playground.sample import SampleApp


@pytest.fixture
def slack() -> Iterator[Playground]:
    """A workspace with nothing in it, where one may post as fast as one likes."""
    with Playground(post_interval_s=0, seed=1) as running:
        yield running


@pytest.fixture
def client(slack: Playground) -> WebClient:
    """The real client of Slack's SDK, which does not try again by itself."""
    return client_of(slack)


def client_of(slack: Playground) -> WebClient:
    return WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=5)


@pytest.fixture
def app(slack: Playground) -> Iterator[SampleApp]:
    """A small app, connected by Socket Mode."""
    running = SampleApp(slack)
    running.connect()
    yield running
    running.close()
