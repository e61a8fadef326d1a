"""Customers and what is known of them beside their events: profile and attributes.

Owns the tables ``customer`` and ``attribute``. It must not know what an event means.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Text
from sqlmodel import Field, SQLModel


class Customer(SQLModel, table=True):
    """One customer; ``id`` is made by the program and is global, whatever source named the customer first."""

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    external_id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    name: str | None = Field(default=None, sa_column=Column(Text))
    email: str | None = Field(default=None, sa_column=Column(Text))
    segment: str | None = Field(default=None, sa_column=Column(Text))
    owner: str | None = Field(default=None, sa_column=Column(Text))
    country: str | None = Field(default=None, sa_column=Column(Text))
    language: str | None = Field(default=None, sa_column=Column(Text))
    created_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    """When the profile says the customer came; without a word of it, when the profile was first taken in."""
    known_since: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    """The earlier of ``created_at`` and the first event; kept true by intake, late events included."""
    search_name: str = Field(default="", sa_column=Column(Text, nullable=False, index=True))
    """The name as it is searched: NFC-normalised and casefolded."""
    search_email: str = Field(default="", sa_column=Column(Text, nullable=False, index=True))
    """The e-mail address as it is searched: casefolded."""


class Attribute(SQLModel, table=True):
    """One attribute of a customer; ``value`` is JSON: a text, or a number as it was written."""

    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "name"),
        Index("attribute_by_name", "name", "customer_id"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    value: str = Field(sa_column=Column(Text, nullable=False))
