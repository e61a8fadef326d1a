"""The environment, read once and typed. Secrets print as asterisks; nothing here connects to anything."""

from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_LOCALES = Path(__file__).parent / "templates" / "locales"
SLACK_API = "https://slack.com/api/"


class Settings(BaseSettings):
    """What ``.env.example`` lists, from the environment or the file ``.env``."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    database_url: str = "sqlite:///warmline.db"
    slack_bot_token: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    """Present: Socket Mode."""
    slack_signing_secret: SecretStr = SecretStr("")
    """Needed for HTTP mode."""
    slack_api_url: str = SLACK_API
    business_timezone: str = "UTC"
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    language: str = "en"
    managers: Annotated[tuple[str, ...], NoDecode] = ()
    default_channel: str = ""
    ingest_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    customer_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=0, le=65535)

    @field_validator("managers", "ingest_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Read a list as people write it in an environment: with commas or spaces between."""
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("business_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no IANA time zone such as Europe/Berlin") from error
        return value

    @field_validator("language")
    @classmethod
    def _spoken_language(cls, value: str) -> str:
        spoken = languages()
        if value not in spoken:
            raise ValueError(f"{value!r} is no language that Warmline speaks, which are: {', '.join(spoken)}")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _ends_with_slash(cls, value: str) -> str:
        return value if value.endswith("/") else value + "/"

    @classmethod
    def given(cls, **values: Any) -> Self:
        """Make settings of ``values``; for what they leave out the environment counts, the file ``.env`` does not."""
        return cls(**{"_env_file": None, **values})

    def secrets(self) -> tuple[str, ...]:
        """Give every secret, so that whoever writes a log can mask it."""
        held = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret, *self.ingest_keys)
        return tuple(secret.get_secret_value() for secret in held if secret.get_secret_value())

    @classmethod
    def read(cls) -> Self:
        """Read the environment; raises `pydantic.ValidationError` that names each setting that is wrong."""
        return cls()


def languages() -> list[str]:
    """Give the languages that there are words in: the templates' own, and those whose translations are compiled."""
    return sorted({"en", *(path.parts[-3] for path in _LOCALES.glob("*/LC_MESSAGES/warmline.mo"))})
