"""Messages and views as HTML: what the templates need to know, and the one template environment.

It must not know HTTP, nor how the page keeps itself up to date.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from playground.charts import chart_of
from playground.interactions import channels_for, options_of
from playground.mrkdwn import Names, mrkdwn_to_html, plain_to_html
from playground.people import TEAM_NAME, Channel, User
from playground.views import View
from playground.workspace import JSON, Message, Workspace

HERE: Final = Path(__file__).parent
SHOWN: Final = 200
"""How many messages of a channel the page shows at once."""


@dataclass(frozen=True, slots=True)
class Thread:
    """What a channel shows of a thread: how many replies, by whom, and when the last came."""

    count: int
    users: tuple[User, ...]
    last: str
    day: str
    """The business date of the last reply."""
    time: str
    """The business's time of day then, where it is known."""


class Drawing:
    """Draws the workspace for one user at a time."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {
            "clock": clock,
            "day_name": day_name,
            "time_name": time_name,
            "chart": chart_of,
            "options": options_of,
        }
        environment.globals |= {"team": TEAM_NAME}
        return environment

    def page(self, name: str, *, me: User, **context: Any) -> str:
        """Draw the template ``name`` as ``me`` sees it."""
        names = self._names(me)

        def text(thing: JSON) -> Markup:
            """Draw a text object."""
            if thing.get("type") == "mrkdwn":
                return mrkdwn_to_html(str(thing.get("text", "")), names)
            return plain_to_html(str(thing.get("text", "")), emoji=thing.get("emoji", True))

        def mrkdwn(value: str) -> Markup:
            return mrkdwn_to_html(value, names)

        known = {
            "me": me,
            "text": text,
            "mrkdwn": mrkdwn,
            "user": self._workspace.user,
            "thread_of": self._thread,
            "channels_for": lambda element: channels_for(element, me, self._workspace),
            "unread": lambda channel: self._workspace.unread(me.id, channel.id),
            "title": self.title,
        }
        return self._environment.get_template(name).render(**known, **context)

    def _names(self, me: User) -> Names:
        def user(user_id: str) -> str | None:
            found = self._workspace.user(user_id)
            return found.real_name if found else None

        def channel(channel_id: str) -> str | None:
            return next((c.name for c in self._workspace.channels() if c.id == channel_id), None)

        def group(group_id: str) -> str | None:
            found = self._workspace.group(group_id)
            return found.handle if found else None

        return Names(user, channel, group, me.id)

    def title(self, channel: Channel) -> str:
        """Give a channel's name as the page shows it: a direct message carries the app's."""
        if not channel.is_im:
            return channel.name
        app = self._workspace.user(self._workspace.installation.bot_user)
        return app.real_name if app else channel.name

    def _thread(self, message: Message) -> Thread | None:
        replies = [m for m in self._workspace.replies(message.channel, message.ts) if m.ephemeral_to is None]
        if not replies:
            return None
        people = dict.fromkeys(reply.user for reply in replies)
        users = tuple(user for user in map(self._workspace.user, people) if user)
        return Thread(len(replies), users[:4], replies[-1].ts, replies[-1].day, replies[-1].time)

    def shown(self, channel: Channel, me: User) -> list[Message]:
        """Give the messages that the channel's pane shows, oldest first."""
        messages = [m for m in self._workspace.messages(channel.id, seen_by=me.id) if m.is_root]
        return messages[-SHOWN:]

    def message(self, message: Message, me: User, *, in_thread: bool = False) -> str:
        """Draw one message."""
        return self.page("message.html", me=me, message=message, in_thread=in_thread)

    def messages(self, messages: Iterable[Message], me: User, *, in_thread: bool = False) -> Markup:
        """Draw several messages, one after another."""
        drawn = "".join(self.message(message, me, in_thread=in_thread) for message in messages)
        return Markup(drawn)  # noqa: S704  (drawn by templates that escape)

    def thread(self, root: Message, me: User) -> str:
        """Draw the pane of a thread."""
        replies = self._workspace.replies(root.channel, root.ts, seen_by=me.id)
        channel = self._workspace.channel(root.channel)
        return self.page(
            "thread.html",
            me=me,
            root=root,
            channel=channel,
            count=sum(reply.ephemeral_to is None for reply in replies),
            drawn_root=self.messages([root], me, in_thread=True),
            drawn_replies=self.messages(replies, me, in_thread=True),
        )

    def view(self, view: View, me: User) -> str:
        """Draw a modal."""
        return self.page("modal.html", me=me, view=view, sent=view.sent)


def clock(ts: str) -> str:
    """Write the time of day of a stamp, in UTC, as Slack does."""
    return time_name(f"{datetime.fromtimestamp(int(ts.split('.', 1)[0]), UTC):%H:%M}")


def time_name(time: str) -> str:
    """Write a time of day such as ``14:05`` as Slack does: ``2:05 PM``; nothing where there is none."""
    hour, _, minute = time.partition(":")
    return f"{int(hour) % 12 or 12}:{minute} {'AM' if int(hour) < 12 else 'PM'}" if minute else ""


def day_name(day: str) -> str:
    """Write a business date as Slack's dividers do: ``Saturday, November 22nd``; what is no ISO date, as it stands."""
    try:
        moment = date.fromisoformat(day)
    except ValueError:
        return day
    ending = "th" if 10 <= moment.day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(moment.day % 10, "th")
    return f"{moment:%A, %B} {moment.day}{ending}"
