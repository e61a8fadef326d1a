"""fits of the value models

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('value_fit',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('as_of', sa.BigInteger(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('usable', sa.Boolean(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('value_fit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_value_fit_as_of'), ['as_of'], unique=False)


def downgrade() -> None:
    op.drop_table('value_fit')
