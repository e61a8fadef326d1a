"""Stories say what came of them; what the bot logs meanwhile is not looked at."""

import logging

import pytest
import structlog


@pytest.fixture(autouse=True)
def no_log() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
