"""what is carried forward of customers' lives

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa

from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('carried',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('selection', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.Column('amounts', sa.BigInteger(), nullable=False),
    sa.Column('total', sa.BigInteger(), nullable=False),
    sa.Column('first_at', sa.BigInteger(), nullable=True),
    sa.Column('last_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('customer_id', 'kind', 'selection', 'at'),
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    op.drop_table('carried')
