"""Collecting what is wrong with a payload, in Slack's words, each with the place it is wrong at.

The pointers and sentences are those of Slack's ``response_metadata.messages``. It must not know any block.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from playground.workspace import JSON


@dataclass(slots=True)
class Problems:
    """What was found wrong so far, as Slack says it."""

    found: list[str] = field(default_factory=list)

    def add(self, pointer: str, sentence: str) -> None:
        """Note that ``sentence`` holds at ``pointer``."""
        self.found.append(f"{sentence} [json-pointer:{pointer}]")

    def object(self, value: Any, pointer: str) -> JSON | None:
        """Take ``value`` as an object, or note that it is none."""
        if isinstance(value, dict):
            return value
        self.add(pointer, "must provide an object")
        return None

    def array(self, value: Any, pointer: str, *, low: int, high: int) -> list[Any]:
        """Take ``value`` as an array of ``low`` to ``high`` items, or note what is wrong and give none."""
        if not isinstance(value, list):
            self.add(pointer, "must provide an array")
            return []
        if len(value) < low:
            self.add(pointer, f"no fewer than {low} items allowed")
        if len(value) > high:
            self.add(pointer, f"no more than {high} items allowed")
            return []
        return value

    def string(self, value: Any, pointer: str, *, low: int = 1, high: int | None = None) -> None:
        """Note where ``value`` is not a string of ``low`` to ``high`` characters."""
        if not isinstance(value, str):
            self.add(pointer, "must provide a string")
        elif len(value) < low:
            self.add(pointer, f"must be more than {low - 1} characters")
        elif high is not None and len(value) > high:
            self.add(pointer, f"must be less than {high + 1} characters")

    def optional_string(self, thing: JSON, name: str, pointer: str, *, low: int = 1, high: int) -> None:
        """Check the string ``name`` of ``thing`` where there is one."""
        if thing.get(name) is not None:
            self.string(thing[name], f"{pointer}/{name}", low=low, high=high)

    def choice(self, thing: JSON, name: str, pointer: str, allowed: Collection[Any]) -> None:
        """Note where ``name`` of ``thing`` is given and not one of ``allowed``."""
        if thing.get(name) is not None and thing[name] not in allowed:
            self.add(f"{pointer}/{name}", "must be a valid enum value")

    def fields(
        self, thing: JSON, pointer: str, *, required: Collection[str], optional: Collection[str]
    ) -> bool:
        """Note required fields that are missing and fields that do not belong; tell whether none is missing."""
        missing = [name for name in required if thing.get(name) is None]
        for name in missing:
            self.add(pointer, f"missing required field: {name}")
        for name in thing:
            if name not in required and name not in optional:
                self.add(pointer, f"invalid additional property: {name}")
        return not missing

    def text(
        self, value: Any, pointer: str, *, high: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")
    ) -> None:
        """Check a text object of one of ``kinds`` with 1 to ``high`` characters."""
        thing = self.object(value, pointer)
        if thing is None:
            return
        before = len(self.found)
        kind = thing.get("type")
        if kind not in kinds:
            self.add(
                f"{pointer}/type", "must be a valid enum value" if kind else "missing required field: type"
            )
        else:
            extra = ("emoji",) if kind == "plain_text" else ("verbatim",)
            if self.fields(thing, pointer, required=("type", "text"), optional=extra):
                self.string(thing["text"], f"{pointer}/text", high=high)
        if len(self.found) > before and len(kinds) > 1:
            self.found.insert(before, f"failed to match all allowed schemas [json-pointer:{pointer}]")
