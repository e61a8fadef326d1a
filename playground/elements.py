"""Block Kit's elements: which fields each has and what Slack refuses in it.

Limits are those of Slack's reference (docs.slack.dev/reference/block-kit/block-elements and
…/composition-objects). It must not know blocks or messages.
"""

from collections.abc import Callable
from typing import Any, Final

from playground.problems import Problems
from playground.workspace import JSON

PLAIN: Final = ("plain_text",)
ACTION_ID: Final = 255
PLACEHOLDER: Final = 150
URL: Final = 3000


def check_element(problems: Problems, value: Any, pointer: str, *, allowed: frozenset[str]) -> None:
    """Check one element, which must be of a type in ``allowed``."""
    element = problems.object(value, pointer)
    if element is None:
        return
    kind = element.get("type")
    if kind not in allowed or kind not in _CHECKS:
        problems.add(pointer, f"unsupported type: {kind}" if kind else "missing required field: type")
        return
    _CHECKS[kind](problems, element, pointer)
    problems.optional_string(element, "action_id", pointer, high=ACTION_ID)
    if element.get("confirm") is not None:
        _confirm(problems, element["confirm"], f"{pointer}/confirm")


def _confirm(problems: Problems, value: Any, pointer: str) -> None:
    dialog = problems.object(value, pointer)
    if dialog is None:
        return
    names = ("title", "text", "confirm", "deny")
    if problems.fields(dialog, pointer, required=names, optional=("style",)):
        problems.text(dialog["title"], f"{pointer}/title", high=100, kinds=PLAIN)
        problems.text(dialog["text"], f"{pointer}/text", high=300)
        problems.text(dialog["confirm"], f"{pointer}/confirm", high=30, kinds=PLAIN)
        problems.text(dialog["deny"], f"{pointer}/deny", high=30, kinds=PLAIN)
    problems.choice(dialog, "style", pointer, ("primary", "danger"))


def _option(problems: Problems, value: Any, pointer: str, *, kinds: tuple[str, ...], url: bool) -> None:
    option = problems.object(value, pointer)
    if option is None:
        return
    optional = ("description", "url") if url else ("description",)
    required = ("text",) if url and option.get("url") else ("text", "value")
    if problems.fields(option, pointer, required=required, optional=(*optional, "value")):
        problems.text(option["text"], f"{pointer}/text", high=75, kinds=kinds)
        problems.optional_string(option, "value", pointer, high=150)
    if option.get("description") is not None:
        problems.text(option["description"], f"{pointer}/description", high=75, kinds=kinds)
    problems.optional_string(option, "url", pointer, high=URL)


def _options(
    problems: Problems,
    element: JSON,
    pointer: str,
    *,
    high: int,
    kinds: tuple[str, ...] = PLAIN,
    url: bool = False,
) -> None:
    for index, option in enumerate(
        problems.array(element.get("options"), f"{pointer}/options", low=1, high=high)
    ):
        _option(problems, option, f"{pointer}/options/{index}", kinds=kinds, url=url)


def _placeholder(problems: Problems, element: JSON, pointer: str) -> None:
    if element.get("placeholder") is not None:
        problems.text(element["placeholder"], f"{pointer}/placeholder", high=PLACEHOLDER, kinds=PLAIN)


def _button(problems: Problems, element: JSON, pointer: str) -> None:
    optional = ("action_id", "value", "url", "style", "confirm", "accessibility_label")
    if problems.fields(element, pointer, required=("type", "text"), optional=optional):
        problems.text(element["text"], f"{pointer}/text", high=75, kinds=PLAIN)
    problems.optional_string(element, "value", pointer, low=0, high=2000)
    problems.optional_string(element, "url", pointer, high=URL)
    problems.optional_string(element, "accessibility_label", pointer, high=75)
    problems.choice(element, "style", pointer, ("primary", "danger"))


def _overflow(problems: Problems, element: JSON, pointer: str) -> None:
    problems.fields(element, pointer, required=("type", "options"), optional=("action_id", "confirm"))
    _options(problems, element, pointer, high=5, url=True)


def _static_select(problems: Problems, element: JSON, pointer: str) -> None:
    many = element["type"] == "multi_static_select"
    initial = ("initial_options", "max_selected_items") if many else ("initial_option",)
    optional = ("action_id", "placeholder", "options", "option_groups", "confirm", "focus_on_load", *initial)
    problems.fields(element, pointer, required=("type",), optional=optional)
    _placeholder(problems, element, pointer)
    if (element.get("options") is None) == (element.get("option_groups") is None):
        problems.add(pointer, "must define either `options` or `option_groups`")
        return
    if element.get("options") is not None:
        _options(problems, element, pointer, high=100)
        choices = element["options"]
    else:
        groups = problems.array(element["option_groups"], f"{pointer}/option_groups", low=1, high=100)
        choices = []
        for index, group in enumerate(groups):
            here = f"{pointer}/option_groups/{index}"
            thing = problems.object(group, here)
            if thing is None:
                continue
            if problems.fields(thing, here, required=("label", "options"), optional=()):
                problems.text(thing["label"], f"{here}/label", high=75, kinds=PLAIN)
                _options(problems, thing, here, high=100)
                choices += thing["options"] if isinstance(thing["options"], list) else []
    chosen = element.get("initial_options") if many else [element.get("initial_option")]
    values = [option.get("value") for option in choices if isinstance(option, dict)]
    for option in chosen or []:
        if option is not None and (not isinstance(option, dict) or option.get("value") not in values):
            problems.add(f"{pointer}/initial_option", "option must match one of the options")


def _dynamic_select(problems: Problems, element: JSON, pointer: str) -> None:
    name = element["type"].removeprefix("multi_").removesuffix("_select").removesuffix("s")
    optional = {
        "action_id", "placeholder", "confirm", "focus_on_load", "filter", "min_query_length",
        "response_url_enabled", "default_to_current_conversation", "max_selected_items",
        f"initial_{name}", f"initial_{name}s", "initial_option", "initial_options",
    }  # fmt: skip
    problems.fields(element, pointer, required=("type",), optional=optional)
    _placeholder(problems, element, pointer)


def _picker(problems: Problems, element: JSON, pointer: str) -> None:
    names = ("initial_date", "initial_time", "initial_date_time", "timezone")
    optional = ("action_id", "placeholder", "confirm", "focus_on_load", *names)
    problems.fields(element, pointer, required=("type",), optional=optional)
    _placeholder(problems, element, pointer)


def _boxes(problems: Problems, element: JSON, pointer: str) -> None:
    optional = ("action_id", "confirm", "focus_on_load", "initial_option", "initial_options")
    problems.fields(element, pointer, required=("type", "options"), optional=optional)
    _options(problems, element, pointer, high=10, kinds=("plain_text", "mrkdwn"))


def _input_text(problems: Problems, element: JSON, pointer: str) -> None:
    optional = {
        "action_id", "placeholder", "focus_on_load", "dispatch_action_config", "initial_value",
        "min_length", "max_length", "multiline", "is_decimal_allowed", "min_value", "max_value",
    }  # fmt: skip
    problems.fields(element, pointer, required=("type",), optional=optional)
    _placeholder(problems, element, pointer)
    problems.optional_string(element, "initial_value", pointer, low=0, high=3000)
    for name, low in (("min_length", 0), ("max_length", 1)):
        number = element.get(name)
        if number is not None and not (isinstance(number, int) and low <= number <= 3000):
            problems.add(f"{pointer}/{name}", f"must be between {low} and 3000")


def _image(problems: Problems, element: JSON, pointer: str) -> None:
    optional = ("image_url", "slack_file")
    problems.fields(element, pointer, required=("type", "alt_text"), optional=optional)
    check_picture(problems, element, pointer)


def check_picture(problems: Problems, thing: JSON, pointer: str) -> None:
    """Check where an image comes from and how it is described, for the element and the block alike."""
    problems.optional_string(thing, "alt_text", pointer, high=2000)
    problems.optional_string(thing, "image_url", pointer, high=URL)
    if (thing.get("image_url") is None) == (thing.get("slack_file") is None):
        problems.add(pointer, "must define either `image_url` or `slack_file`")
    elif isinstance(thing.get("image_url"), str) and not thing["image_url"].startswith(
        ("https://", "http://")
    ):
        problems.add(f"{pointer}/image_url", "must be a valid URL")


def _workflow_button(problems: Problems, element: JSON, pointer: str) -> None:
    optional = ("action_id", "style", "accessibility_label", "workflow")
    if problems.fields(element, pointer, required=("type", "text"), optional=optional):
        problems.text(element["text"], f"{pointer}/text", high=75, kinds=PLAIN)


def _anything(problems: Problems, element: JSON, pointer: str) -> None:
    """Accept an element that Slack documents and this stand-in does not look into."""


_CHECKS: Final[dict[str, Callable[[Problems, JSON, str], None]]] = {
    "button": _button,
    "overflow": _overflow,
    "static_select": _static_select,
    "multi_static_select": _static_select,
    "external_select": _dynamic_select,
    "users_select": _dynamic_select,
    "conversations_select": _dynamic_select,
    "channels_select": _dynamic_select,
    "multi_external_select": _dynamic_select,
    "multi_users_select": _dynamic_select,
    "multi_conversations_select": _dynamic_select,
    "multi_channels_select": _dynamic_select,
    "datepicker": _picker,
    "timepicker": _picker,
    "datetimepicker": _picker,
    "checkboxes": _boxes,
    "radio_buttons": _boxes,
    "plain_text_input": _input_text,
    "email_text_input": _input_text,
    "url_text_input": _input_text,
    "number_input": _input_text,
    "rich_text_input": _anything,
    "file_input": _anything,
    "feedback_buttons": _anything,
    "icon_button": _anything,
    "image": _image,
    "workflow_button": _workflow_button,
}

_SELECTS: Final = frozenset(name for name in _CHECKS if name.endswith("_select"))
_INPUTS: Final = frozenset(name for name in _CHECKS if name.endswith("_input"))
_PICKERS: Final = frozenset({"datepicker", "timepicker", "datetimepicker"})
IN_ACTIONS: Final = (
    _SELECTS
    | _PICKERS
    | {"button", "overflow", "checkboxes", "radio_buttons", "workflow_button", "rich_text_input"}
)
IN_SECTION: Final = IN_ACTIONS - {"rich_text_input"} | {"image"}
IN_INPUT: Final = _SELECTS | _PICKERS | _INPUTS | {"checkboxes", "radio_buttons"}
IN_CONTEXT_ACTIONS: Final = frozenset({"feedback_buttons", "icon_button"})
