"""A channel's digest and its pages."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import message_content
from rules.alerts.pipeline.stage import Why
from templates.codec import Press, Value, decode
from templates.digest import PAGE
from templates.held import MOST_RULES, held_message, held_page
from templates.views import HeldView, Member, Money, Person, RuleWaiting, Standing, Waiting
from tests.templates.given import LAPSING, NOW, VOICE, held_views, waiting

ANN = Waiting(
    Member(1, Person("C-1", "Ann Bell"), Standing(claimed_by="U08TOMBECKR"), Money(120_000, "USD")),
    rule="lapsing",
    others=("usage_drop", "big_tickets"),
)
BOB = Waiting(Member(2, Person("C-2"), Standing()), rule="lapsing")
HELD = HeldView(
    root=77,
    at=NOW,
    counts={"open": 405, "recovered": 7},
    claimed=2,
    snoozed=1,
    rules=(RuleWaiting(LAPSING, 402, (ANN, BOB)),),
    held=((Why.WEEKEND, 3),),
    passed=1,
)


def test_says_what_waited_rule_by_rule_and_what_waits_still() -> None:
    message = held_message(HELD, VOICE)
    assert message.text == "415 alerts were held back and come in this digest; 405 still open."
    everything = str(message.blocks)
    for piece in (
        "📋 Digest: 415 alerts waited",
        "⚪ 402 open  ·  👀 2 claimed  ·  💤 1 snoozed  ·  ✅ 7 recovered",
        "The most valuable customers come first.",
        "*📉 Lapsing*  ·  402 customers\\n1. 👀 Ann Bell  ·  $1,200.00  ·  also Usage drop, Big tickets\\n2. ⚪ Customer C-2",
        "… and 400 more",
        "• 3: it is the weekend",
        "1 more alert ended by itself",
    ):
        assert piece in everything, piece
    button = message.blocks[-1]["elements"][0]
    assert decode(button["value"]) == Value(Press.DIGEST, 77, "0")


def test_of_one_it_speaks_as_of_one() -> None:
    one = replace(
        HELD, counts={"open": 1}, claimed=0, snoozed=0, rules=(RuleWaiting(LAPSING, 1, (BOB,)),), held=()
    )
    everything = str(held_message(one, VOICE).blocks)
    assert "📋 Digest: 1 alert waited" in everything
    assert "It came on top of what this channel reads in a day." in everything


def test_when_all_have_ended_it_says_so_without_buttons() -> None:
    ended = replace(HELD, counts={"lost": 3}, claimed=0, snoozed=0, rules=(), held=())
    message = held_message(ended, VOICE)
    assert "All of them have ended" in str(message.blocks)
    assert not [block for block in message.blocks if block["type"] == "actions"]


def test_of_what_is_only_named_it_does_not_say_that_it_has_ended() -> None:
    named = replace(HELD, counts={}, claimed=0, snoozed=0, rules=())
    message = held_message(named, VOICE)
    assert "ended.*" not in str(message.blocks)
    assert message.text == "3 alerts are held back still, and this digest only names them."
    assert "📋 Digest: 3 alerts are held back" in str(message.blocks)


def test_of_many_rules_it_shows_the_first_and_counts_the_others() -> None:
    message = held_message(replace(HELD, rules=HELD.rules * (MOST_RULES + 2)), VOICE)
    assert str(message.blocks).count("402 customers") == MOST_RULES
    assert "… and 2 more rules" in str(message.blocks)


def test_every_reason_has_words() -> None:
    for why in Why:
        told = str(held_message(replace(HELD, held=((why, 2),)), VOICE).blocks)
        assert "• 2: " in told


def test_a_page_lists_each_once_with_the_reason_of_what_waits_still() -> None:
    some = [ANN, replace(BOB, why=Why.HOLIDAY)]
    message = held_page(some, root=77, at=NOW, page=1, total=40, voice=VOICE)
    assert message.blocks[0]["text"]["text"] == "*Digest of Nov 22, 2026*: 16–17 of 40 customers"
    assert (
        message.blocks[2]["text"]["text"]
        == "17. ⚪ Customer C-2\nLapsing  ·  held back: it is a public holiday"
    )
    turns = [decode(element["value"]) for element in message.blocks[-1]["elements"]]
    assert turns == [Value(Press.DIGEST, 77, "0"), Value(Press.DIGEST, 77, "2")]
    nobody = held_page([], root=77, at=NOW, page=0, total=0, voice=VOICE)
    assert nobody.text == "None of the customers in the digest of Nov 22, 2026 is open any more."


@settings(max_examples=40, deadline=None)
@given(held_views)
def test_slack_takes_whatever_digest(view: HeldView) -> None:
    message = held_message(view, VOICE)
    message_content({"text": message.text, "blocks": message.blocks}, is_update=True)


@settings(max_examples=25, deadline=None)
@given(st.lists(waiting, max_size=PAGE), st.integers(0, 1000), st.integers(0, 10**6))
def test_slack_takes_whatever_page(some: list[Waiting], page: int, total: int) -> None:
    message = held_page(some, root=1, at=NOW, page=page, total=total, voice=VOICE)
    message_content({"text": message.text, "blocks": message.blocks})
