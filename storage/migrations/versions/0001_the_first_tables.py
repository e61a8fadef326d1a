"""the first tables

Revision ID: 0001
Revises: 
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alert',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('rule_id', sa.Integer(), nullable=False),
    sa.Column('rule_version', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('root', sa.BigInteger(), nullable=False),
    sa.Column('steps', sa.Integer(), nullable=False),
    sa.Column('claimed_by', sa.Text(), nullable=True),
    sa.Column('claimed_at', sa.BigInteger(), nullable=True),
    sa.Column('snoozed_until', sa.BigInteger(), nullable=True),
    sa.Column('snoozed_by', sa.Text(), nullable=True),
    sa.Column('resolved_at', sa.BigInteger(), nullable=True),
    sa.Column('resolved_by', sa.Text(), nullable=True),
    sa.Column('resolution', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('customer_id', 'id')
    )
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.create_index('alert_by_id', ['id'], unique=False)
        batch_op.create_index('alert_by_pair', ['rule_id', 'customer_id', 'id'], unique=False)
        batch_op.create_index('alert_by_root', ['root'], unique=False)
        batch_op.create_index('alert_snoozed', ['snoozed_until'], unique=False, sqlite_where=sa.text('snoozed_until IS NOT NULL'), postgresql_where=sa.text('snoozed_until IS NOT NULL'))
        batch_op.create_index('alert_unresolved', ['customer_id', 'rule_id'], unique=True, sqlite_where=sa.text("state <> 'resolved'"), postgresql_where=sa.text("state <> 'resolved'"))

    op.create_table('alert_transition',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('alert_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('verb', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('told_in', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('customer_id', 'alert_id', 'seq'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('alert_transition', schema=None) as batch_op:
        batch_op.create_index('alert_transition_told', ['told_in'], unique=False)

    op.create_table('arrival',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('hour', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.Column('last_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'hour'),
    sqlite_with_rowid=False
    )
    op.create_table('attribute',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('customer_id', 'name'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('attribute', schema=None) as batch_op:
        batch_op.create_index('attribute_by_name', ['name', 'customer_id'], unique=False)

    op.create_table('audit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('object', sa.Text(), nullable=False),
    sa.Column('diff', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.create_index('audit_by_object', ['object', 'id'], unique=False)

    op.create_table('counter',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('next', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('customer',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('segment', sa.Text(), nullable=True),
    sa.Column('owner', sa.Text(), nullable=True),
    sa.Column('country', sa.Text(), nullable=True),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=True),
    sa.Column('known_since', sa.BigInteger(), nullable=False),
    sa.Column('search_name', sa.Text().with_variant(postgresql.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('search_email', sa.Text().with_variant(postgresql.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('external_id')
    )
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_known_since'), ['known_since'], unique=False)
        batch_op.create_index(batch_op.f('ix_customer_search_email'), ['search_email'], unique=False)
        batch_op.create_index(batch_op.f('ix_customer_search_name'), ['search_name'], unique=False)

    op.create_table('dirty',
    sa.Column('batch', sa.LargeBinary(length=16), nullable=False),
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Integer(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('batch', 'customer_id', 'kind'),
    sqlite_with_rowid=False
    )
    op.create_table('event',
    sa.Column('occurred_at', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=True),
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=True),
    sa.PrimaryKeyConstraint('customer_id', 'kind', 'occurred_at', 'key'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.create_index('event_by_time', ['kind', 'occurred_at'], unique=False)

    op.create_table('event_detail',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('occurred_at', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('key', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('properties', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('customer_id', 'kind', 'occurred_at', 'key'),
    sqlite_with_rowid=False
    )
    op.create_table('inbox',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('key')
    )
    with op.batch_alter_table('inbox', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbox_received_at'), ['received_at'], unique=False)

    op.create_table('kind',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('name')
    )
    op.create_table('match',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('rule_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('held_until', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('customer_id', 'rule_id'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('match', schema=None) as batch_op:
        batch_op.create_index('match_by_rule', ['rule_id', 'customer_id'], unique=False)

    op.create_table('outbox',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('call', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('root', sa.BigInteger(), nullable=True),
    sa.Column('rule_id', sa.Integer(), nullable=True),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('alert_id', sa.BigInteger(), nullable=True),
    sa.Column('payload', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('next_at', sa.BigInteger(), nullable=False),
    sa.Column('owner', sa.Text(), nullable=True),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.BigInteger(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('first_tried_at', sa.BigInteger(), nullable=True),
    sa.Column('urgent', sa.Boolean(), nullable=False),
    sa.Column('plain', sa.Boolean(), nullable=False),
    sa.Column('rerouted', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('posted_channel', sa.Text(), nullable=True),
    sa.Column('ts', sa.Text(), nullable=True),
    sa.Column('content', sa.Text(), nullable=True),
    sa.Column('verify_at', sa.BigInteger(), nullable=True),
    sa.Column('sent_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index('outbox_by_key', ['key'], unique=True)
        batch_op.create_index('outbox_by_root', ['root'], unique=False)
        batch_op.create_index('outbox_to_verify', ['verify_at'], unique=False, sqlite_where=sa.text('verify_at IS NOT NULL'), postgresql_where=sa.text('verify_at IS NOT NULL'))
        batch_op.create_index('outbox_in_order', ['root', 'call', 'id'], unique=False, sqlite_where=sa.text("state IN ('pending', 'sending', 'unknown')"), postgresql_where=sa.text("state IN ('pending', 'sending', 'unknown')"))
        batch_op.create_index('outbox_one_forming', [sa.text('coalesce(root, -rule_id)')], unique=True, sqlite_where=sa.text("state = 'forming'"), postgresql_where=sa.text("state = 'forming'"))
        batch_op.create_index('outbox_one_update', ['root'], unique=True, sqlite_where=sa.text("call = 'update' AND state = 'pending'"), postgresql_where=sa.text("call = 'update' AND state = 'pending'"))
        batch_op.create_index('outbox_unfinished', ['state', 'next_at'], unique=False, sqlite_where=sa.text("state IN ('forming', 'pending', 'sending', 'unknown')"), postgresql_where=sa.text("state IN ('forming', 'pending', 'sending', 'unknown')"))

    op.create_table('pace',
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('next_at', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('channel', 'lane')
    )
    op.create_table('quarantine',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('format', sa.Text(), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('params', sa.Text(), nullable=False),
    sa.Column('record', sa.LargeBinary(), nullable=False),
    sa.Column('header', sa.LargeBinary(), nullable=True),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('quarantine', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_quarantine_received_at'), ['received_at'], unique=False)

    op.create_table('recent_id',
    sa.Column('key', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Integer(), nullable=False),
    sa.Column('occurred_at', sa.BigInteger(), nullable=False),
    sa.Column('taken_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('key', 'customer_id'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('recent_id', schema=None) as batch_op:
        batch_op.create_index('recent_id_by_age', ['taken_at'], unique=False)

    op.create_table('rule',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('change', sa.Text(), nullable=True),
    sa.Column('swept_at', sa.BigInteger(), nullable=True),
    sa.Column('degraded', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('rule', schema=None) as batch_op:
        batch_op.create_index('rule_by_name', ['name'], unique=True, sqlite_where=sa.text("state <> 'removed'"), postgresql_where=sa.text("state <> 'removed'"))

    op.create_table('rule_version',
    sa.Column('rule_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('condition', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('severity', sa.Text(), nullable=False),
    sa.Column('backlog', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('cooldown', sa.BigInteger(), nullable=False),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('diff', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('rule_id', 'version'),
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    raise NotImplementedError("the first tables are where Warmline begins; restore a backup instead")
