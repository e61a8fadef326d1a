"""Who and what there is in the workspace at first: people, channels, the installed app, its slash commands.

Plain values, fixed so that the demo and the tests can name them. It must not know how they are stored or shown.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

TEAM_ID: Final = "T08WARMLINE"
TEAM_DOMAIN: Final = "northwind-goods"
TEAM_NAME: Final = "Northwind Goods"
APP_ID: Final = "A08WARMLINE"
BOT_ID: Final = "B08WARMLINE"
BOT_USER_ID: Final = "U08WARMLINE"
MAYA: Final = "U08MAYAORTZ"
"""The manager."""
TOM: Final = "U08TOMBECKR"
AIKO: Final = "U08AIKOTNKA"
CUSTOMER_CARE: Final = "C08CUSTCARE"
SALES: Final = "C08SALESTEA"
GENERAL: Final = "C08GENERALX"
MANAGERS_GROUP: Final = "S08MANAGERS"

Role = Literal["manager", "agent", "app"]


@dataclass(frozen=True, slots=True)
class User:
    """A member of the workspace; ``colour`` is the number of an avatar colour on the page."""

    id: str
    name: str
    real_name: str
    title: str
    role: Role
    colour: int
    email: str | None = None

    @property
    def initials(self) -> str:
        """Give the first letters of the first and last name."""
        words = self.real_name.split()
        return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()

    @property
    def is_bot(self) -> bool:
        """Tell whether this is the app's own user."""
        return self.role == "app"


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation; ``with_user`` names the person where it is a direct message with the app."""

    id: str
    name: str
    topic: str = ""
    members: frozenset[str] = frozenset()
    archived: bool = False
    with_user: str | None = None

    @property
    def is_im(self) -> bool:
        """Tell whether this is a direct message."""
        return self.with_user is not None


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A user group such as ``@managers``."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A slash command as the app's manifest declares it."""

    name: str
    description: str
    usage_hint: str = ""


DEFAULT_SCOPES: Final = frozenset(
    # What the app's manifest asks for, no more: what it lacks there, it is to miss here.
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "groups:history",
        "groups:read",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)

COMMANDS: Final = (
    SlashCommand("/customer", "Ask about a customer", "status | find | timeline | list | help"),
    SlashCommand("/alerts", "See what needs attention", "open | mine | why 812 | snooze | settings | help"),
    SlashCommand(
        "/lifecycle",
        "See and change what active, status and stage mean",
        "show | use retail | edit | preview | undo | help",
    ),
    SlashCommand("/rules", "See and change what is watched for", "list | show | add | edit | pause | help"),
)


@dataclass(frozen=True, slots=True)
class Installation:
    """The app as installed: its tokens, signing secret and granted scopes.

    ``token_error`` makes every call with the bot's token fail with that error (``token_revoked``, …).
    """

    bot_token: str = "xoxb-playground"  # noqa: S105  (a token of this stand-in only)
    app_token: str = "xapp-playground"  # noqa: S105
    signing_secret: str = "playground-signing-secret"  # noqa: S105
    scopes: frozenset[str] = DEFAULT_SCOPES
    commands: tuple[SlashCommand, ...] = COMMANDS
    token_error: str | None = None
    bot_user: str = field(default=BOT_USER_ID)
    bot_id: str = field(default=BOT_ID)


def first_users() -> tuple[User, ...]:
    """Give the people of the workspace: a manager, two agents, and the app."""
    return (
        User(
            MAYA, "maya", "Maya Ortiz", "Head of Customer Care", "manager", 1, "maya.ortiz@northwind.example"
        ),
        User(TOM, "tom", "Tom Becker", "Customer Care Agent", "agent", 2, "tom.becker@northwind.example"),
        User(AIKO, "aiko", "Aiko Tanaka", "Customer Care Agent", "agent", 3, "aiko.tanaka@northwind.example"),
        User(BOT_USER_ID, "warmline", "Warmline", "Watches who goes cold and who warms up", "app", 0),
    )


def first_channels() -> tuple[Channel, ...]:
    """Give the channels, and a direct message between the app and each person."""
    everyone = frozenset(user.id for user in first_users())
    channels = [
        Channel(CUSTOMER_CARE, "customer-care", "Who needs us today, and who has it", everyone),
        Channel(SALES, "sales", "Opportunities, renewals, and good news", everyone),
        Channel(GENERAL, "general", "Company-wide announcements", everyone),
    ]
    channels += [
        Channel(f"D08{user.id[3:]}", user.name, "", frozenset({user.id, BOT_USER_ID}), with_user=user.id)
        for user in first_users()
        if not user.is_bot
    ]
    return tuple(channels)


def first_groups() -> tuple[UserGroup, ...]:
    """Give the user groups: the managers."""
    return (UserGroup(MANAGERS_GROUP, "managers", "Managers", (MAYA,)),)
