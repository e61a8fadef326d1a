"""How Alembic reaches the database: over the connection that ``storage.schema`` hands it."""

from alembic import context
from sqlmodel import SQLModel

import storage.tables  # noqa: F401  (its import fills the metadata)

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("migrations run through storage.schema.upgrade, or bot.py db upgrade")
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
