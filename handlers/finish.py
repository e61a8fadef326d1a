"""What came of carrying a message is written down, with what follows from it for its channel and its rule.

Only who still holds a message can say what came of it. It must not know Slack's client, nor what a message is about.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from handlers import channels, trouble
from handlers.context import Context
from rules.alerts.retry import Delivery, DeliveryPolicy, Outcome, Remedy, after_deletion
from storage import carriage, pace, rules
from storage.database import Transaction
from storage.outbox import Call, Message

GoesOn = Callable[[Transaction, Message], bool]
"""Says whether something that a message tells has not ended."""

_HOLDS: Final = frozenset({Remedy.HOLD_CHANNEL, Remedy.HOLD_ALL})


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of delivery did."""

    sent: int = 0
    again: int = 0
    unknown: int = 0
    dead: int = 0
    doubles_deleted: int = 0

    def counts(self) -> dict[str, int]:
        """Give the numbers by name, for those who count."""
        return asdict(self)

    def __add__(self, other: "Round") -> "Round":
        return Round(
            self.sent + other.sent,
            self.again + other.again,
            self.unknown + other.unknown,
            self.dead + other.dead,
            self.doubles_deleted + other.doubles_deleted,
        )


class Finisher:
    """Writes down what came of messages, for one carrier."""

    def __init__(self, ctx: Context, policy: DeliveryPolicy, goes_on: GoesOn) -> None:
        self._ctx = ctx
        self._policy = policy
        self._goes_on = goes_on
        self._ids: dict[str, str] = {}

    def learn(self, message: Message, channel: str) -> None:
        """Note which id the channel has that a message was for: Slack says so when it takes one."""
        named = message.channel or self._ctx.default_channel
        if message.call is Call.POST and self._ids.get(named) != channel:
            channels.learn(self._ctx, channel, named)
        self._ids[named] = channel

    def place_of(self, channel: str) -> str:
        """Give the one name a channel is paced under: its id, once Slack has told it."""
        named = channel or self._ctx.default_channel
        return self._ids.get(named, named)

    def moved(self, message: Message) -> Round | None:
        """Send a message on to the channel that its rule has by now; None where it is the same as ever."""
        if message.rule_id is None or message.root is not None:
            return None
        with self._ctx.database.reading() as tx:
            default = self._ctx.default_channel
            channel = rules.moved_to(tx, message.rule_id, message.channel or default, default=default)
        if channel is None:
            return None
        with self._ctx.database.writing() as tx:
            carriage.finish(
                tx,
                message,
                state=Delivery.PENDING,
                reason="channel_changed",
                next_at=self._ctx.elapsed(),
                channel=channel,
            )
        return Round(again=1)

    def finish(
        self, message: Message, outcome: Outcome, *, looks: int = 0, unread_since: int | None = None
    ) -> Round:
        """Say what came of a message; whoever is to know of trouble is told."""
        if self.kept(message, outcome, looks=looks, unread_since=unread_since):
            trouble.tell(self._ctx, message, outcome)
        return _counted(outcome.state)

    def kept(
        self, message: Message, outcome: Outcome, *, looks: int = 0, unread_since: int | None = None
    ) -> bool:
        """Say what came of a message; False where it had been lost to another carrier."""
        stuck = outcome.state is Delivery.UNKNOWN and (message.stuck or outcome.remedy is Remedy.TELL_STUCK)
        with self._ctx.database.writing() as tx:
            channel = self._elsewhere(tx, message) if outcome.remedy is Remedy.REROUTE else None
            kept = carriage.finish(
                tx,
                message,
                state=outcome.state,
                reason=outcome.reason,
                next_at=outcome.retry_at,
                channel=channel,
                rerouted=channel == self._ctx.default_channel,
                alone=channel is not None and message.root is not None,
                plain=True if outcome.remedy is Remedy.PLAIN_TEXT else None,
                looks=looks,
                unread_since=unread_since,
                stuck=stuck,
            )
        if kept and outcome.retry_at is not None and outcome.remedy in _HOLDS:
            everywhere = outcome.remedy is Remedy.HOLD_ALL
            place = pace.EVERYWHERE if everywhere else message.place or self.place_of(message.channel)
            with self._ctx.database.writing() as tx:
                pace.hold(tx, channel=place, until=outcome.retry_at, reason=outcome.reason)
        return kept

    def deleted(self, message: Message, root: Message) -> Round:
        """Settle an edit of, or a reply to, a message that somebody deleted: it is posted anew, or let go."""
        now = self._ctx.elapsed()
        with self._ctx.database.writing() as tx:
            fate = after_deletion(
                goes_on=self._goes_on(tx, root), replaced=len(root.gone), policy=self._policy
            )
            state = Delivery.PENDING if fate.is_replaced else Delivery.EXPIRED
            noted = carriage.root_gone(tx, root, state=state, reason=str(fate), now=now)
        if noted and not fate.is_replaced and not message.can_stand_alone:
            return self.finish(message, Outcome(Delivery.EXPIRED, str(fate)))
        # It waits for its root; where that is let go, so is this, or it is posted by itself.
        return self.finish(message, Outcome(Delivery.PENDING, "root_deleted", retry_at=now))

    def _elsewhere(self, tx: Transaction, message: Message) -> str:
        """Give where a message goes whose channel is dead: to its rule's channel, else to the default one."""
        rule = rules.by_id(tx, message.rule_id) if message.rule_id is not None else None
        if rule is not None and rule.body.channel not in ("", message.channel):
            return rule.body.channel
        return self._ctx.default_channel


def _counted(state: Delivery) -> Round:
    match state:
        case Delivery.SENT:
            return Round(sent=1)
        case Delivery.UNKNOWN:
            return Round(unknown=1)
        case Delivery.DEAD:
            return Round(dead=1)
        case _:
            return Round(again=1)
