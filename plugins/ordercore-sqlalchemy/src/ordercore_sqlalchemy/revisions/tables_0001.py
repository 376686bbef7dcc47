"""The tables of ordercore, version 1."""

from alembic import op

from ordercore_sqlalchemy.alembic import downgrade as back
from ordercore_sqlalchemy.alembic import upgrade as bring

revision = "ordercore_0001"
down_revision = None
branch_labels = ("ordercore",)
depends_on = None


def upgrade() -> None:
    bring(op, 1, since=0)


def downgrade() -> None:
    back(op, 0, since=1)
