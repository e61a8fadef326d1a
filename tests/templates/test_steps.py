import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import message_content
from rules.alerts.states import Reason, Resolution, Verb
from templates.steps import MOST_NAMES, macro, steps_reply
from templates.views import Person, StepsView, StepView
from templates.words import Words
from tests.templates.given import ANN, NOW, VOICE, WAYS, steps

TOM = "U08TOMBECKR"


def test_one_step_is_one_sentence() -> None:
    claimed = StepView(Verb.CLAIM, Reason.BY_PERSON, ANN, actor=TOM)
    assert steps_reply(StepsView((claimed,)), VOICE).text == "👀 <@U08TOMBECKR> claimed Ann Bell."
    snoozed = StepView(Verb.SNOOZE, Reason.BY_PERSON, ANN, actor=TOM, until=NOW)
    assert steps_reply(StepsView((snoozed,)), VOICE).text == (
        "💤 Ann Bell snoozed until <!date^1795343400^{date_short}, {time}|Nov 22, 2026, 11:30\u202fAM> by <@U08TOMBECKR>."
    )
    left = StepView(Verb.RESOLVE, Reason.LEFT, ANN, resolution=Resolution.RECOVERED)
    assert steps_reply(StepsView((left,)), VOICE).text == (
        "✅ Recovered: the condition no longer holds for Ann Bell."
    )


def test_many_steps_are_grouped_by_what_happened_and_the_names_run_out() -> None:
    left = [
        StepView(Verb.RESOLVE, Reason.LEFT, Person(str(n), f"N{n}"), resolution=Resolution.RECOVERED)
        for n in range(MOST_NAMES + 3)
    ]
    woken = [StepView(Verb.WAKE, Reason.SNOOZE_OVER, ANN)]
    message = steps_reply(StepsView((*left, *woken)), VOICE)
    assert message.text == (
        "✅ 15 customers recovered: the condition no longer holds. "
        "⏰ The snooze of Ann Bell is over, and it still holds."
    )
    names = ", ".join(f"N{n}" for n in range(MOST_NAMES))
    assert message.blocks[0]["text"]["text"].endswith(f"\n{names} and 3 more")


def test_a_few_names_are_joined_with_and() -> None:
    some = tuple(StepView(Verb.CLAIM, Reason.BY_PERSON, Person(n, n), actor=TOM) for n in "ABC")
    assert steps_reply(StepsView(some), VOICE).blocks[0]["text"]["text"].endswith("\nA, B and C")
    assert steps_reply(StepsView(some[:2]), VOICE).blocks[0]["text"]["text"].endswith("\nA and B")


@pytest.mark.parametrize(("verb", "reason", "resolution"), WAYS)
def test_every_step_can_be_told_alone_and_among_many(
    verb: Verb, reason: Reason, resolution: Resolution | None
) -> None:
    step = StepView(verb, reason, ANN, resolution=resolution)
    assert Words().has("steps", macro(step))
    assert Words().has("steps", f"many_{macro(step)}")


@settings(max_examples=40, deadline=None)
@given(st.lists(steps(), max_size=40))
def test_slack_takes_whatever_happened(some: list[StepView]) -> None:
    message = steps_reply(StepsView(tuple(some)), VOICE)
    message_content({"text": message.text, "blocks": message.blocks})
