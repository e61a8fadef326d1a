"""Who and what a test of rules may speak of: its rules, its customers, its instants. Reads names of them.

Also the mistakes in them. It must not know what is said of any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rules.alerts.typed import BadRuleNameError, rule_name
from rules.files.gather import Gather
from rules.files.tree import Node, Scalar
from rules.instants import InstantError
from rules.trials.when import When

RULE: Final = "rule"


@dataclass(slots=True)
class Cast:
    """The names of a test: its rules, and its customers, which grow with the events unless they were ``listed``."""

    gather: Gather
    when: When
    rules: tuple[str, ...]
    customers: dict[str, None]
    listed: bool

    def instant(self, node: Node, where: str) -> int | None:
        """Read an instant."""
        said = self.gather.text(node, where)
        if said is None:
            return None
        try:
            return self.when.instant(said)
        except (InstantError, OverflowError):
            self.gather.add(node, "bad_when", where, text=said)
            return None

    def customer(self, node: Node, where: str) -> str | None:
        """Read the name of a customer whom the test knows."""
        said = self.gather.text(node, where)
        if said is None or said in self.customers:
            return said
        self.gather.add(
            node, "unknown_customer", where, name=said, nearest=self.gather.nearest(said, self.customers)
        )
        return None

    def new_customer(self, node: Node, where: str) -> str | None:
        """Read the name of a customer to whom something happens: a new one, where none were listed."""
        said = self.gather.text(node, where)
        if said is not None and not self.listed:
            self.customers.setdefault(said)
        return self.customer(node, where) if said is not None else None

    def rule(self, node: Node | None, beside: Node, where: str) -> str | None:
        """Read the name of a rule of the test; with one rule alone it need not be said."""
        if node is None:
            if len(self.rules) == 1:
                return self.rules[0]
            if self.rules:
                self.gather.add(beside, "which_rule", where, rules=list(self.rules))
            return None
        said = self.gather.text(node, where)
        name = canonical(said)
        if said is None or name in self.rules:
            return name
        self.gather.add(node, "unknown_rule", where, name=said, nearest=self.gather.nearest(said, self.rules))
        return None

    def customers_of(self, node: Node, where: str) -> tuple[str, ...] | None:
        """Read one customer or a list of them."""
        found = [self.customer(item, where) for item in self.gather.items(node)]
        return tuple(one for one in found if one is not None) if None not in found else None

    def texts(self, node: Node, where: str) -> tuple[str, ...]:
        """Read one text or a list of them."""
        found = [self.gather.text(item, where) for item in self.gather.items(_as_text(node))]
        return tuple(one for one in found if one is not None)


def canonical(said: str | None) -> str | None:
    """Give the name that a rule has, however it was written; what is no name stays as it is."""
    if said is None:
        return None
    try:
        return rule_name(said)
    except BadRuleNameError:
        return said


def shipped(gather: Gather, node: Node, names: Sequence[str], where: str) -> list[str]:
    """Read one name or several of rules that ship."""
    found = []
    for item in gather.items(node):
        said = gather.text(item, where)
        name = canonical(said)
        if said is None or name is None:
            continue
        if name in names:
            found.append(name)
        else:
            gather.add(item, "not_shipped", where, name=said, nearest=gather.nearest(said, names))
    return found


def _as_text(node: Node) -> Node:
    """Take the word ``none`` for itself: a message may say it."""
    return (
        Scalar(node.line, node.text, plain=False)
        if isinstance(node, Scalar) and not node.is_nothing
        else node
    )
