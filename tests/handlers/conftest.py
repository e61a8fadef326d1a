from tests.handlers.post_office import office, slack, workspace

__all__ = ["office", "slack", "workspace"]
