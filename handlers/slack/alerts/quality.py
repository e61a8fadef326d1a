"""``/alerts quality``: how good rules are, by what came of their alerts and what people say of them."""

from handlers import quality as measured
from handlers.slack.asked import Asked
from handlers.slack.typed import plain
from templates.blocks import Rendered
from templates.quality import quality_page


def quality(asked: Asked, text: str) -> Rendered:
    """Show how rules did over the last 90 days; with a name, that one. Raises `handlers.rulebook.NoRuleError`."""
    name = plain(text)
    return quality_page(measured.quality(asked.ctx, name or None), asked.voice())
