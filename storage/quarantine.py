"""What could not be taken in, kept whole with the reason, until somebody retries or drops it.

Owns the table ``quarantine``. Nothing is dropped in silence.
"""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text
from sqlmodel import Field, SQLModel


class Quarantined(SQLModel, table=True):
    """One line or event that could not be taken in; ``id`` is a hash, so the same trouble again is the same row."""

    __tablename__ = "quarantine"

    id: str = Field(sa_column=Column(Text, primary_key=True))
    received_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    source: str = Field(sa_column=Column(Text, nullable=False))
    format: str = Field(sa_column=Column(Text, nullable=False))
    """How ``record`` is to be read again: ``cdnow``, ``events-csv``, …, or ``http``."""
    origin: str = Field(sa_column=Column(Text, nullable=False))
    """The file's name, or the path of the request."""
    line: int | None = Field(default=None, sa_column=Column(Integer))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    """The code of the reason; its words stand in the templates."""
    params: str = Field(sa_column=Column(Text, nullable=False))
    """The parameters of the reason, a JSON object."""
    record: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The very bytes that came."""
    header: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """The header line of a CSV file, without which a line cannot be read again."""
    ordinal: int = Field(default=1, sa_column=Column(Integer, nullable=False))
    """The how-manieth equal record of its file this is: equal lines without an id are events of their own."""
