"""One question or press, unpacked from what Slack sent. Frozen, so that it can wait for its turn."""

from dataclasses import dataclass

from handlers import answer, shown
from handlers.context import Context
from handlers.slack.directory import Directory
from rules.access import Actor
from templates.views import AlertView
from templates.voice import Voice


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, in the world of ``ctx``; ``key`` is the same in every repetition that Slack delivers.

    ``channel`` is the id of the channel in which it was asked, where that is one.
    """

    ctx: Context
    directory: Directory
    user: str
    key: str
    channel: str = ""

    def actor(self) -> Actor:
        """Give who asks, and whether that is a manager."""
        return self.directory.actor(self.user, self.ctx.managers, now=self.ctx.elapsed())

    def names(self) -> frozenset[str]:
        """Give what customers' data may call whoever asks."""
        return self.directory.names_of(self.user, now=self.ctx.elapsed())

    def voice(self) -> Voice:
        """Give the words that the answer is said in."""
        return shown.voice(self.ctx)

    def view(self, alert_id: int) -> AlertView:
        """Give an alert as it stands; raises `answer.NoAlertError`."""
        return answer.alert(self.ctx, alert_id)
