"""Block Kit's blocks: which Slack accepts on a surface, and what it refuses in them.

Limits are those of Slack's reference (docs.slack.dev/reference/block-kit/blocks). It must not know how blocks are
drawn, nor which method brought them.
"""

import secrets
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

from playground.elements import (
    IN_ACTIONS,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    PLAIN,
    check_element,
    check_picture,
)
from playground.problems import Problems
from playground.workspace import JSON

Surface = Literal["message", "modal", "home"]
MAX_BLOCKS: Final[dict[Surface, int]] = {"message": 50, "modal": 100, "home": 100}
_NOT_ON: Final[dict[Surface, frozenset[str]]] = {
    "message": frozenset({"alert"}),
    "modal": frozenset({"markdown", "table", "data_table", "data_visualization", "plan", "task_card"}),
    "home": frozenset({"alert", "markdown", "table"}),
}


def check_blocks(blocks: Any, *, surface: Surface = "message") -> list[str]:
    """Say what Slack would refuse in ``blocks``, in its words; nothing where it would take them."""
    problems = Problems()
    seen: set[str] = set()
    for index, block in enumerate(problems.array(blocks, "/blocks", low=0, high=MAX_BLOCKS[surface])):
        _block(problems, block, f"/blocks/{index}", surface)
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if isinstance(block_id, str):
            if block_id in seen:
                problems.add(f"/blocks/{index}/block_id", f'`block_id` "{block_id}" already exists')
            seen.add(block_id)
    if isinstance(blocks, list):
        _counts(problems, blocks)
    return problems.found


def _counts(problems: Problems, blocks: list[Any]) -> None:
    kinds = [block.get("type") for block in blocks if isinstance(block, dict)]
    if kinds.count("table") > 1:
        problems.add("/blocks", "only_one_table_allowed")
    if kinds.count("data_visualization") > 2:
        problems.add("/blocks", "no more than 2 data_visualization blocks allowed")


def _block(problems: Problems, value: Any, pointer: str, surface: Surface) -> None:
    block = problems.object(value, pointer)
    if block is None:
        return
    kind = block.get("type")
    if kind not in _CHECKS or kind in _NOT_ON[surface]:
        problems.add(pointer, f"unsupported type: {kind}" if kind else "missing required field: type")
        return
    problems.optional_string(block, "block_id", pointer, high=255)
    _CHECKS[kind](problems, block, pointer)
    seen: set[str] = set()
    for place, element in _elements(block):
        action_id = element.get("action_id")
        if action_id in seen:
            problems.add(
                f"{pointer}{place}/action_id",
                f'`action_id` "{action_id}" already exists for block_id "{block.get("block_id", "")}"',
            )
        if isinstance(action_id, str):
            seen.add(action_id)


def _elements(block: JSON) -> Iterator[tuple[str, JSON]]:
    elements = block.get("elements")
    if block.get("type") in ("actions", "context_actions") and isinstance(elements, list):
        yield from ((f"/elements/{index}", e) for index, e in enumerate(elements) if isinstance(e, dict))
    for name in ("accessory", "element"):
        if isinstance(block.get(name), dict):
            yield f"/{name}", block[name]


def interactive_elements(blocks: tuple[JSON, ...]) -> Iterator[tuple[JSON, JSON]]:
    """Give every element that a person can use, each with its block."""
    for block in blocks:
        for _, element in _elements(block):
            if element.get("type") != "image":
                yield block, element


def with_ids(blocks: list[JSON]) -> list[JSON]:
    """Give copies of ``blocks`` with the block and action ids that Slack would generate."""
    result = []
    for given in blocks:
        block = {**given, "block_id": given.get("block_id") or secrets.token_urlsafe(4)}
        if isinstance(given.get("elements"), list) and given["type"] == "actions":
            block["elements"] = [_with_action_id(element) for element in given["elements"]]
        for name in ("accessory", "element"):
            if isinstance(given.get(name), dict):
                block[name] = _with_action_id(given[name])
        result.append(block)
    return result


def _with_action_id(element: JSON) -> JSON:
    if element.get("type") == "image":
        return element
    return {**element, "action_id": element.get("action_id") or secrets.token_urlsafe(4)}


def text_length(value: Any) -> int:
    """Count the characters of every text in blocks, as Slack counts them for ``msg_blocks_too_long``."""
    if isinstance(value, list):
        return sum(text_length(item) for item in value)
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(text_length(item) for item in value.values() if isinstance(item, (dict, list)))
    return 0


def _section(problems: Problems, block: JSON, pointer: str) -> None:
    names = ("block_id", "text", "fields", "accessory", "expand")
    problems.fields(block, pointer, required=("type",), optional=names)
    if block.get("text") is None and not block.get("fields"):
        problems.add(pointer, "must define either `text` or `fields`")
    if block.get("text") is not None:
        problems.text(block["text"], f"{pointer}/text", high=3000)
    if block.get("fields") is not None:
        fields = problems.array(block["fields"], f"{pointer}/fields", low=1, high=10)
        for index, field in enumerate(fields):
            problems.text(field, f"{pointer}/fields/{index}", high=2000)
    if block.get("accessory") is not None:
        check_element(problems, block["accessory"], f"{pointer}/accessory", allowed=IN_SECTION)


def _header(problems: Problems, block: JSON, pointer: str) -> None:
    if problems.fields(block, pointer, required=("type", "text"), optional=("block_id", "level")):
        problems.text(block["text"], f"{pointer}/text", high=150, kinds=PLAIN)


def _context(problems: Problems, block: JSON, pointer: str) -> None:
    problems.fields(block, pointer, required=("type", "elements"), optional=("block_id",))
    elements = problems.array(block.get("elements"), f"{pointer}/elements", low=1, high=10)
    for index, element in enumerate(elements):
        here = f"{pointer}/elements/{index}"
        if isinstance(element, dict) and element.get("type") == "image":
            check_element(problems, element, here, allowed=frozenset({"image"}))
        else:
            problems.text(element, here, high=3000)


def _actions(problems: Problems, block: JSON, pointer: str) -> None:
    problems.fields(block, pointer, required=("type", "elements"), optional=("block_id",))
    elements = problems.array(block.get("elements"), f"{pointer}/elements", low=1, high=25)
    for index, element in enumerate(elements):
        check_element(problems, element, f"{pointer}/elements/{index}", allowed=IN_ACTIONS)


def _context_actions(problems: Problems, block: JSON, pointer: str) -> None:
    problems.fields(block, pointer, required=("type", "elements"), optional=("block_id",))
    elements = problems.array(block.get("elements"), f"{pointer}/elements", low=1, high=5)
    for index, element in enumerate(elements):
        check_element(problems, element, f"{pointer}/elements/{index}", allowed=IN_CONTEXT_ACTIONS)


def _divider(problems: Problems, block: JSON, pointer: str) -> None:
    problems.fields(block, pointer, required=("type",), optional=("block_id",))


def _image(problems: Problems, block: JSON, pointer: str) -> None:
    optional = ("block_id", "image_url", "slack_file", "title")
    problems.fields(block, pointer, required=("type", "alt_text"), optional=optional)
    check_picture(problems, block, pointer)
    if block.get("title") is not None:
        problems.text(block["title"], f"{pointer}/title", high=2000, kinds=PLAIN)


def _input(problems: Problems, block: JSON, pointer: str) -> None:
    optional = ("block_id", "dispatch_action", "hint", "optional")
    if problems.fields(block, pointer, required=("type", "label", "element"), optional=optional):
        problems.text(block["label"], f"{pointer}/label", high=2000, kinds=PLAIN)
        check_element(problems, block["element"], f"{pointer}/element", allowed=IN_INPUT)
    if block.get("hint") is not None:
        problems.text(block["hint"], f"{pointer}/hint", high=2000, kinds=PLAIN)


def _markdown(problems: Problems, block: JSON, pointer: str) -> None:
    if problems.fields(block, pointer, required=("type", "text"), optional=("block_id",)):
        problems.string(block["text"], f"{pointer}/text", high=12_000)


def _rich_text(problems: Problems, block: JSON, pointer: str) -> None:
    problems.fields(block, pointer, required=("type", "elements"), optional=("block_id",))
    allowed = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
    for index, element in enumerate(
        problems.array(block.get("elements"), f"{pointer}/elements", low=0, high=1000)
    ):
        here = f"{pointer}/elements/{index}"
        thing = problems.object(element, here)
        if thing is not None:
            if thing.get("type") not in allowed:
                problems.add(here, f"unsupported type: {thing.get('type')}")
            problems.array(thing.get("elements"), f"{here}/elements", low=0, high=1000)


def _table(problems: Problems, block: JSON, pointer: str) -> None:
    problems.fields(block, pointer, required=("type", "rows"), optional=("block_id", "column_settings"))
    rows = problems.array(block.get("rows"), f"{pointer}/rows", low=1, high=100)
    for index, row in enumerate(rows):
        for place, cell in enumerate(problems.array(row, f"{pointer}/rows/{index}", low=1, high=20)):
            here = f"{pointer}/rows/{index}/{place}"
            thing = problems.object(cell, here)
            if thing is not None and thing.get("type") not in ("raw_text", "rich_text"):
                problems.add(here, f"unsupported type: {thing.get('type')}")
    if len({len(row) for row in rows if isinstance(row, list)}) > 1:
        problems.add(f"{pointer}/rows", "rows must have the same number of cells")


def _data_visualization(problems: Problems, block: JSON, pointer: str) -> None:
    if not problems.fields(block, pointer, required=("type", "title", "chart"), optional=("block_id",)):
        return
    problems.string(block["title"], f"{pointer}/title", high=50)
    here = f"{pointer}/chart"
    chart = problems.object(block["chart"], here)
    if chart is None:
        return
    if chart.get("type") == "pie":
        problems.fields(chart, here, required=("type", "segments"), optional=())
        segments = problems.array(chart.get("segments"), f"{here}/segments", low=1, high=12)
        for index, segment in enumerate(segments):
            _point(problems, segment, f"{here}/segments/{index}", positive=True)
    elif chart.get("type") in ("bar", "line", "area"):
        problems.fields(chart, here, required=("type", "series", "axis_config"), optional=())
        _series(problems, chart, here)
    else:
        problems.add(f"{here}/type", "must be a valid enum value")


def _point(problems: Problems, value: Any, pointer: str, *, positive: bool) -> None:
    point = problems.object(value, pointer)
    if point is None or not problems.fields(point, pointer, required=("label", "value"), optional=()):
        return
    problems.string(point["label"], f"{pointer}/label", high=20)
    number = point["value"]
    if isinstance(number, bool) or not isinstance(number, (int, float)) or number - number != 0:
        problems.add(f"{pointer}/value", "must provide a number")
    elif positive and number <= 0:
        problems.add(f"{pointer}/value", "must be more than 0")


def _series(problems: Problems, chart: JSON, pointer: str) -> None:
    axis = problems.object(chart.get("axis_config"), f"{pointer}/axis_config") or {}
    categories = problems.array(axis.get("categories"), f"{pointer}/axis_config/categories", low=1, high=20)
    for index, category in enumerate(categories):
        problems.string(category, f"{pointer}/axis_config/categories/{index}", high=20)
    for name in ("x_label", "y_label"):
        problems.optional_string(axis, name, f"{pointer}/axis_config", high=50)
    for index, series in enumerate(problems.array(chart.get("series"), f"{pointer}/series", low=1, high=12)):
        here = f"{pointer}/series/{index}"
        thing = problems.object(series, here)
        if thing is None or not problems.fields(thing, here, required=("name", "data"), optional=()):
            continue
        problems.string(thing["name"], f"{here}/name", high=20)
        data = problems.array(thing["data"], f"{here}/data", low=1, high=20)
        for place, point in enumerate(data):
            _point(problems, point, f"{here}/data/{place}", positive=False)
        if [p.get("label") for p in data if isinstance(p, dict)] != categories:
            problems.add(f"{here}/data", "labels must match the categories of the axis")


def _anything(problems: Problems, block: JSON, pointer: str) -> None:
    """Accept a block that Slack documents and this stand-in does not look into."""


_CHECKS: Final[dict[str, Callable[[Problems, JSON, str], None]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "context_actions": _context_actions,
    "divider": _divider,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "table": _table,
    "data_visualization": _data_visualization,
    "alert": _anything,
    "card": _anything,
    "carousel": _anything,
    "container": _anything,
    "data_table": _anything,
    "plan": _anything,
    "task_card": _anything,
    "video": _anything,
}
