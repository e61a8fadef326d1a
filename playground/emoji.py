"""Slack's emoji names: the character each stands for, and which have a picture of their own in ``static/emoji``.

A machine without a colour font would show boxes; so the common ones are pictures. It must not know mrkdwn.
"""

from pathlib import Path
from typing import Final

_NAMED: Final = """
+1 👍|-1 👎|100 💯|alarm_clock ⏰|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrow_up ⬆️|arrows_counterclockwise 🔄
bangbang ‼️|bar_chart 📊|bell 🔔|blue_heart 💙|bookmark 🔖|boom 💥|bulb 💡|bust_in_silhouette 👤|busts_in_silhouette 👥
calendar 📆|chart_with_downwards_trend 📉|chart_with_upwards_trend 📈|clap 👏|clipboard 📋|clock3 🕒|coin 🪙
crown 👑|cry 😢|date 📅|dart 🎯|door 🚪|email 📧|envelope ✉️|exclamation ❗|eyes 👀|fire 🔥|gear ⚙️|gem 💎|ghost 👻
gift 🎁|grey_question ❔|hammer_and_wrench 🛠️|handshake 🤝|heart ❤️|heavy_check_mark ✔️|heavy_minus_sign ➖
heavy_plus_sign ➕|hourglass ⌛|hourglass_flowing_sand ⏳|house 🏠|hugging_face 🤗|inbox_tray 📥
information_source ℹ️|joy 😂|key 🔑|large_blue_circle 🔵|large_green_circle 🟢|large_orange_circle 🟠
large_yellow_circle 🟡|link 🔗|lock 🔒|loudspeaker 📢|mag 🔍|mailbox 📫|medal 🏅|memo 📝|money_with_wings 💸
moneybag 💰|mute 🔇|new 🆕|no_bell 🔕|no_entry ⛔|ok_hand 👌|package 📦|palms_up_together 🤲|partying_face 🥳|pause_button ⏸️
phone ☎️|play_or_pause_button ⏯️|pray 🙏|pushpin 📌|question ❓|rainbow 🌈|raised_hands 🙌|recycle ♻️|red_circle 🔴
repeat 🔁|rocket 🚀|rotating_light 🚨|seedling 🌱|shopping_bags 🛍️|shopping_trolley 🛒|slightly_frowning_face 🙁
slightly_smiling_face 🙂|sleeping 😴|smile 😄|smiley 😃|snowflake ❄️|sos 🆘|sparkles ✨|speech_balloon 💬|star ⭐|star2 🌟
stopwatch ⏱️|sun_with_face 🌞|sunny ☀️|tada 🎉|telephone_receiver 📞|thermometer 🌡️|thinking_face 🤔|ticket 🎫
thumbsdown 👎|thumbsup 👍|trophy 🏆|unlock 🔓|warning ⚠️|wave 👋|white_check_mark ✅|white_circle ⚪
wrench 🔧|x ❌|zap ⚡|zzz 💤|black_circle ⚫|large_purple_circle 🟣|arrow_forward ▶️|wastebasket 🗑️
"""

CHARACTERS: Final[dict[str, str]] = {
    name: character
    for name, _, character in (
        entry.partition(" ") for entry in _NAMED.replace("\n", "|").split("|") if entry
    )
}
NAMES: Final[dict[str, str]] = {
    variant: name
    for name, character in reversed(CHARACTERS.items())
    for variant in (character, character.removesuffix("\ufe0f"))
}
PICTURES: Final = frozenset(path.stem for path in (Path(__file__).parent / "static" / "emoji").glob("*.svg"))
