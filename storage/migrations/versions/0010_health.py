"""health of customers, and the runs of the job that finds it

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa

from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('health',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('engagement', sa.Integer(), nullable=True),
    sa.Column('revenue', sa.Integer(), nullable=True),
    sa.Column('lifetime_value', sa.Integer(), nullable=True),
    sa.Column('relationship', sa.Integer(), nullable=True),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('worked_at', sa.BigInteger(), nullable=False),
    sa.Column('score_before', sa.Integer(), nullable=True),
    sa.Column('moved', sa.Text(), nullable=True),
    sa.Column('moved_by', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('customer_id')
    )
    op.create_table('health_run',
    sa.Column('at', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('health', sa.Text(), nullable=False),
    sa.Column('through', sa.Boolean(), nullable=False),
    sa.Column('customers', sa.Integer(), nullable=True),
    sa.Column('scored', sa.Integer(), nullable=True),
    sa.Column('changed', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('at')
    )


def downgrade() -> None:
    op.drop_table('health_run')
    op.drop_table('health')
