"""what is done once, and whose turn it is

Revision ID: 0013
Revises: 0015
"""

import sqlalchemy as sa

from alembic import op

revision = '0013'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('tick',
    sa.Column('job', sa.Text(), nullable=False),
    sa.Column('slot', sa.Text(), nullable=False),
    sa.Column('done_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('job', 'slot'),
    sqlite_with_rowid=False
    )
    op.create_table('turn',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )


def downgrade() -> None:
    op.drop_table('turn')
    op.drop_table('tick')
