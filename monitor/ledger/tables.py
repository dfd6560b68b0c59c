"""Tables that schema 2 has beside the spills: log, judgements, corrections by people, K3pi, and what is derived.

`BOOKS` are append-only, like the spills. `DERIVED` tables hold nothing that cannot be made again from the books; they
are written in the same transaction as the row they follow from, and `verify` makes them again and compares.
"""

from __future__ import annotations

import sqlalchemy as sa

from monitor.ledger.schema import key_columns, metadata, to_spill

log_entry = sa.Table(
    "log_entry",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("booked_ns", sa.BigInteger, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("run", sa.BigInteger),
    sa.Column("burst", sa.BigInteger),
    sa.Column("subject", sa.String(64)),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("document", sa.Text),
)

judgement = sa.Table(
    "judgement",
    metadata,
    *key_columns(),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("good", sa.Integer, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False, comment="names, blank between"),
    to_spill(),
)

note = sa.Table(
    "correction_note",
    metadata,
    *key_columns(),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("field", sa.String(32), nullable=False),
    sa.Column("old", sa.Text, nullable=False),
    sa.Column("new", sa.Text, nullable=False),
    to_spill(),
)

k3pi = sa.Table(
    "k3pi",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("run", "burst", "n_k3pi", "downscaling")),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("booked_ns", sa.BigInteger, nullable=False),
    sa.CheckConstraint("n_k3pi >= 0 AND downscaling >= 1"),
)

repeat = sa.Table(
    "repeat",
    metadata,
    *key_columns(),
    sa.Column("kind", sa.String(8), primary_key=True, comment="already: ignored; refused: other content"),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("first_ns", sa.BigInteger, nullable=False),
    sa.Column("last_ns", sa.BigInteger, nullable=False),
)

standing = sa.Table(
    "standing",
    metadata,
    *key_columns(),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("entry", sa.BigInteger, nullable=False),
    sa.Column("mode", sa.String(16), nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("sob_time_ns", sa.BigInteger, nullable=False),
    sa.Column("b2_setting_a", sa.Integer),
    sa.Column("incomplete", sa.Integer, nullable=False),
    sa.Column("good", sa.Integer, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("n_events", "n_counted", "n_missing")),
    sa.Column("pot", sa.BigInteger),
    sa.Column("pot_square", sa.BigInteger, nullable=False, comment="square of pot, in units of 1e16"),
    # a weak signal stands for more protons than 64 bits count
    sa.Column("equivalent_pot", sa.Float(53), nullable=False),
    sqlite_with_rowid=False,
)

run_sum = sa.Table(
    "run_sum",
    metadata,
    sa.Column("run", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("good", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("first_burst", sa.BigInteger, nullable=False),
    sa.Column("last_burst", sa.BigInteger, nullable=False),
    sa.Column("pot_square", sa.BigInteger, nullable=False, comment="sum over spills, in units of 1e16"),
    sa.Column("document", sa.Text, nullable=False),
)

sa.Index("standing_entry", standing.c.entry)
sa.Index("log_spill", log_entry.c.run, log_entry.c.burst)
sa.Index("k3pi_spill", k3pi.c.run, k3pi.c.burst, k3pi.c.id)

BOOKS = (log_entry, judgement, note, k3pi)
DERIVED = (repeat, standing, run_sum)
