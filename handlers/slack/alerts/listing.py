"""``/alerts open`` and ``/alerts mine``: the alerts that have not ended, a page at a time."""

from handlers import answer
from handlers.slack.asked import Asked
from handlers.slack.typed import ExtraArgumentError, plain
from templates.alert_list import alert_page
from templates.blocks import Rendered

COMMAND = "/alerts"


def show_open(asked: Asked, text: str) -> Rendered:
    """Show all open alerts."""
    _nothing_more("open", text)
    return open_page(asked, 0)


def show_mine(asked: Asked, text: str) -> Rendered:
    """Show the asker's own."""
    _nothing_more("mine", text)
    return my_page(asked, 0)


def open_page(asked: Asked, page: int) -> Rendered:
    """Show a page of all open alerts."""
    return alert_page(answer.open_alerts(asked.ctx, page), asked.voice(), mine=False, page_size=answer.PAGE)


def my_page(asked: Asked, page: int) -> Rendered:
    """Show a page of the asker's own."""
    view = answer.my_alerts(asked.ctx, asked.user, asked.names(), page)
    return alert_page(view, asked.voice(), mine=True, page_size=answer.PAGE)


def _nothing_more(subcommand: str, text: str) -> None:
    if text:
        raise ExtraArgumentError(text=plain(text)[:80], usage=f"{COMMAND} {subcommand}")
