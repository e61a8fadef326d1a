from tests.handlers.slack.world import world

__all__ = ["world"]
