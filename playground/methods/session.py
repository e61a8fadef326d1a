"""One authorised call: the workspace as the app may see it, and the checks that several methods share.

It must not know HTTP, nor any one method.
"""

from collections.abc import Callable
from dataclasses import dataclass

from playground.limits import Pace, RefusedError
from playground.people import Channel
from playground.views import Views
from playground.workspace import JSON, Message, Workspace


class RateLimitedError(Exception):
    """Slack answers 429; ``seconds`` until the next call of this kind."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Session:
    """What a method works with."""

    workspace: Workspace
    views: Views
    pace: Pace
    link: Callable[[], str]
    """Gives a new address that Socket Mode is reached at."""
    lag: float = 0.0
    """Seconds by which history lags behind what was accepted."""

    @property
    def bot_user(self) -> str:
        """Give the app's own user."""
        return self.workspace.installation.bot_user

    @property
    def scopes(self) -> frozenset[str]:
        """Give the scopes that the app was granted."""
        return self.workspace.installation.scopes

    def need(self, *alternatives: str) -> None:
        """Refuse with ``missing_scope`` where the app has none of ``alternatives``."""
        if alternatives and not self.scopes.intersection(alternatives):
            fields = {"needed": ",".join(alternatives), "provided": ",".join(sorted(self.scopes))}
            raise RefusedError("missing_scope", fields=fields)

    def channel(self, args: JSON, *, by_name: bool = False, by_user: bool = False) -> Channel:
        """Give the channel that the arguments name. Raises `RefusedError` ``channel_not_found``.

        Its id always; its name, with or without ``#``, where ``by_name``; a user's id, for the direct message with
        the app, where ``by_user``. docs.slack.dev lets chat.postMessage take all three, chat.postEphemeral names.
        """
        named = str(args.get("channel") or "")
        found = self.workspace.channel(named)
        taken = found is not None and (
            named == found.id or (by_user if named == found.with_user else by_name)
        )
        if found is None or not taken:
            raise RefusedError("channel_not_found")
        return found

    def need_for(self, channel: Channel, action: str) -> None:
        """Refuse where the app lacks the scope of ``action`` (``read``, ``history``) for this kind of channel."""
        self.need(f"{'im' if channel.is_im else 'channels'}:{action}")

    def must_be_open(self, channel: Channel, *, archived: str) -> None:
        """Refuse with the error ``archived`` where the channel is."""
        if channel.archived:
            raise RefusedError(archived)

    def must_be_member(self, channel: Channel, *, unless: str | None = None) -> None:
        """Refuse with ``not_in_channel`` where the app is not in it, unless a scope makes up for that."""
        if self.bot_user not in channel.members and unless not in self.scopes:
            raise RefusedError("not_in_channel")

    def shown(self, message: Message) -> bool:
        """Tell whether history shows a message already."""
        return message.accepted_at <= self.workspace.clock() - self.lag or not self.lag

    def take_a_post(self, channel: Channel) -> None:
        """Count one post to the channel. Raises `RateLimitedError` when it comes too early."""
        wait = self.pace.wait(channel.id, self.workspace.clock())
        if wait > 0:
            raise RateLimitedError(wait)
