"""Health as people write it, and what is said of what makes no sense."""

import pytest

from rules.conditions.check import Vocabulary
from rules.conditions.problems import Code, ConditionError
from rules.files.mistakes import BadFileError
from rules.lifecycle import health_text
from rules.lifecycle.definitions import FIXED
from rules.lifecycle.health import Dimension, Health, Part
from rules.lifecycle.health_text import BadScaleError, NoHealthTermError
from rules.lifecycle.presets import FOLDER, presets, read_preset

WORDS = Vocabulary(frozenset({"purchase", "login"}), frozenset({"seats"}), FIXED, {"order": "purchase"})
ENGAGEMENT = Dimension.ENGAGEMENT


def part(term: str, scale: str = "0:100 30:0") -> Part:
    return health_text.part_of(term, scale, 1, WORDS)[0]


def shipped() -> Health:
    found = presets()["retail"].lifecycle.health
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("term", "scale", "written"),
    [
        ("days_since(Purchase)", "0:100, 30 : 70,90:0", "days_since(purchase) 0:100 30:70 90:0"),
        ("count(order, 30d)", "0:0 2.50:100", "count(purchase, 30d) 0:0 2.5:100"),
        ("change(sum(purchase),30d)", "-50%:0 0%:70 12.5%:100", "change(sum(purchase), 30d) -50%:0 0%:70 12.5%:100"),
        ("clv_rank", "0%:0 100%:100", "clv_rank 0%:0 100%:100"),
        ("tenure", "0:100 1:100", "tenure 0:100 1:100"),
        ("attr.seats", "-1:0 1_000:100", "attr.seats -1:0 1000:100"),
        ("count(login where device = \"a b\", 7d)", "0:0 9:100", 'count(login where device = "a b", 7d) 0:0 9:100'),
    ],
)  # fmt: skip
def test_parts_are_read_and_written_in_one_way(term: str, scale: str, written: str) -> None:
    found = part(term, scale)
    assert str(found) == written
    assert str(part(*health_text.typed_part(written)[:2])) == written


@pytest.mark.parametrize(
    ("scale", "why", "found"),
    [
        ("", "few", 0),
        ("0:100", "few", 1),
        (" ".join(f"{at}:1" for at in range(13)), "many", 13),
        ("0:100 30:70 30:0", "order", "30:0"),
        ("0:100 30:70 10:0", "order", "10:0"),
        ("0:101 30:70", "points", "0:101"),
        ("0:-1 30:70", "points", "0:-1"),
        ("0:1.5 30:70", "points", "0:1.5"),
        ("0%:100 30%:0", "no_percent", "0%:100"),
        ("soon:100 30:0", "unreadable", "soon:100"),
        ("0=100 30=0", "unreadable", "0=100"),
        ("1e99999999:100 2:0", "unreadable", "1e99999999:100"),
        ("9" * 30 + ":1 2:0", "unreadable", "9" * 30 + ":1"),
    ],
)
def test_scales_that_make_no_sense_are_refused(scale: str, why: str, found: object) -> None:
    with pytest.raises(BadScaleError) as refused:
        part("days_since(purchase)", scale)
    assert (refused.value.params["why"], refused.value.params["found"]) == (why, found)


def test_a_percentage_needs_its_sign() -> None:
    with pytest.raises(BadScaleError) as refused:
        part("clv_rank", "0:0 1:100")
    assert refused.value.params["why"] == "percent"


@pytest.mark.parametrize(
    ("term", "why"),
    [
        ("health", "itself"),
        ("days_since(purchase) > 3", "condition"),
        ("tenure or tenure", "condition"),
        ("stage", "definition"),
        ("active", "definition"),
        ("segment", "not_a_number"),
        ("silent(purchase, 30d)", "not_a_number"),
    ],
)
def test_what_is_no_number_is_refused(term: str, why: str) -> None:
    with pytest.raises(NoHealthTermError) as refused:
        part(term)
    assert refused.value.params["why"] == why


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ("days_sinc(purchase)", Code.UNKNOWN_FUNCTION),
        ("helth", Code.UNKNOWN_FIELD),
        ("count(purchase", Code.UNCLOSED_BRACKET),
        ("", Code.EMPTY),
        ("count(purchase where amount = 5%)", Code.NOT_PERCENT),
        ("x" * 3_000, Code.TOO_LONG),
    ],
)
def test_what_is_no_term_is_refused_as_in_conditions(term: str, code: Code) -> None:
    with pytest.raises(ConditionError) as refused:
        part(term)
    assert [one.code for one in refused.value.problems] == [code]


def test_a_kind_that_no_event_had_is_pointed_out() -> None:
    _, warnings = health_text.part_of("count(zzz)", "0:0 9:100", 1, WORDS)
    assert [one.code for one in warnings] == [Code.UNKNOWN_KIND]


@pytest.mark.parametrize("weight", ["-1", "101", "1.5", "", "much", "٣", "9" * 400])
def test_weights_are_whole_numbers_within_bounds(weight: str) -> None:
    with pytest.raises(health_text.BadHealthWeightError) as refused:
        health_text.weight_of(weight, "engagement", least=0)
    assert refused.value.params["found"] == weight[:40]
    assert health_text.weight_of(" 0100 ", "engagement", least=0) == 100


def test_something_has_to_count() -> None:
    found = shipped()
    for dimension in (Dimension.REVENUE, Dimension.LIFETIME_VALUE, Dimension.RELATIONSHIP):
        found = health_text.with_weight(found, dimension, 0)
    with pytest.raises(health_text.WeightlessHealthError):
        health_text.with_weight(found, ENGAGEMENT, 0)


def test_parts_come_and_go_within_bounds() -> None:
    found = shipped()
    other = part("days_since(purchase)", "0:100 9:0")
    changed = health_text.with_part(found, ENGAGEMENT, other).of(ENGAGEMENT).parts
    assert changed == (other, found.of(ENGAGEMENT).parts[1])
    alone = health_text.without_part(found, ENGAGEMENT, "overdue(purchase)")
    with pytest.raises(health_text.LastPartError):
        health_text.without_part(alone, ENGAGEMENT, "days_since(purchase)")
    with pytest.raises(health_text.NoPartError):
        health_text.without_part(found, ENGAGEMENT, "tenure")
    for days in range(1, 9):
        found = health_text.with_part(found, ENGAGEMENT, part(f"count(purchase, {days}d)"))
    with pytest.raises(health_text.TooManyPartsError):
        health_text.with_part(found, ENGAGEMENT, part("tenure"))


def test_dimensions_are_named_as_people_write_them() -> None:
    assert health_text.dimension_of(" Lifetime Value ") is Dimension.LIFETIME_VALUE
    with pytest.raises(health_text.UnknownDimensionError) as refused:
        health_text.dimension_of("engagment")
    assert refused.value.params["nearest"] == ["engagement"]


TEXT = (FOLDER / "retail.yaml").read_text(encoding="utf-8")
FIRST = "      - term: days_since(purchase)\n"
MANY = "".join(f"      - term: count(purchase, {n}d)\n        scale: 0:0 1:100\n" for n in range(1, 1_001))


@pytest.mark.parametrize(
    ("old", "new", "line_of", "code"),
    [
        ("weight: 35", "weight: -5", "weight: -5", "bad_health_weight"),
        (FIRST, "      - term: health\n", "term: health", "no_health_term"),
        (FIRST, "      - term: days_sinc(purchase)\n", "term: days_sinc", "bad_condition"),
        ("scale: 0:100 30:70 90:20 180:0", "scale: 0:100 90:70 30:20", "scale: 0:100 90", "bad_scale"),
        (FIRST, MANY + FIRST, "count(purchase, 1d)", "too_many_parts"),
        ("  engagement:\n", "  engagment:\n", "  engagment:", "unknown_key"),
    ],
)
def test_a_file_says_what_is_wrong_at_its_line(old: str, new: str, line_of: str, code: str) -> None:
    wrong = TEXT.replace(old, new, 1)
    with pytest.raises(BadFileError) as refused:
        read_preset("mine", wrong)
    lines = wrong.splitlines()
    found = [(lines[one.line - 1], one.code) for one in refused.value.mistakes]
    assert any(line_of in line and said == code for line, said in found), found


def test_a_file_in_which_nothing_counts_is_refused() -> None:
    wrong = TEXT
    for weight in (35, 25, 20, 20):
        wrong = wrong.replace(f"    weight: {weight}\n    parts", "    weight: 0\n    parts", 1)
    with pytest.raises(BadFileError) as refused:
        read_preset("mine", wrong)
    assert [one.code for one in refused.value.mistakes] == ["weightless_health"]
