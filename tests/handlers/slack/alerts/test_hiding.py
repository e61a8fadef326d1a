"""Rules that hide others, from the option to what is told."""

from handlers.sweep import sweep
from rules.instants import DAY
from tests.handlers.slack.world import MANAGER, NOW, World
from tests.histories import purchases, rule


def test_a_rule_is_not_told_while_one_that_hides_it_is_open_and_told_afterwards(world: World) -> None:
    database = world.ctx.database
    rule(database, "dormant", "count(purchase, 36d) = 0", hides="gone")
    rule(database, "gone", "count(purchase, 90d) <= 2 and count(purchase, 90d) >= 1")
    purchases(database, 1, [])
    sweep(world.ctx, as_of=NOW + 4 * DAY)
    world.clock.at = NOW + 4 * DAY
    said = world.said("/alerts why Ann Bell gone")
    assert (
        "🔕 *Not told,* because an alert of Dormant is open for this customer, and that rule hides this one."
        in said
    )
    # The one that hides ends, and the other still holds.
    world.press(f"1:resolve:{number(world, 'dormant')}:lost")
    sweep(world.ctx, as_of=NOW + 4 * DAY + 1)
    assert "✅ *Told:*" in world.said("/alerts why Ann Bell gone") or "*Being told:*" in world.said(
        "/alerts why Ann Bell gone"
    )


def number(world: World, name: str) -> int:
    said = world.said(f"/alerts why Ann Bell {name}")
    return int(said.split("*The latest alert* is ")[1].split(",")[0])


def test_a_name_that_is_no_rules_is_warned_of_and_its_own_is_refused(world: World) -> None:
    said = world.saved("/rules add quiet silent(purchase, 60d) --hides lapsin")
    assert "--hides names lapsin, and there is no such rule yet" in said
    assert "Did you mean lapsing?" in said
    ships = world.said("/rules edit quiet --hides growing, lapsing", user=MANAGER)
    assert "--hides names growing, and there is no such rule yet, so nothing is hidden by it.\n" in ships
    told = world.said("/rules edit quiet --hides quiet", user=MANAGER)
    assert "cannot hide its own alerts" in told
