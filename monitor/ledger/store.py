"""A database that is a ledger: opened, brought up to date, asked in transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import sqlalchemy as sa

from daq.config.accounting import AccountingConfig
from monitor.ledger.create import Found, create, recognise, refuse_empty, refuse_older
from monitor.ledger.derived import judge_all
from monitor.ledger.engine import WRITE, explain, holds_bytes, open_engine, quick_check, shown


class Store:
    """The connection of a ledger. Safe to share between threads."""

    def __init__(self, engine: sa.Engine, name: str, now_ns: Callable[[], int], rules: AccountingConfig) -> None:
        self._engine = engine
        self._name = name
        self._now_ns = now_ns
        self._rules = rules

    @classmethod
    def open(
        cls,
        url: str,
        *,
        readonly: bool = False,
        now_ns: Callable[[], int] = time.time_ns,
        rules: AccountingConfig | None = None,
    ) -> Self:
        """Open a ledger, making it when there is none and `readonly` is false.

        A ledger of an older schema gets the tables it lacks; its rows stay as they are.

        Parameters
        ----------
        url : `sqlite:///path` or `postgresql+psycopg://...`
        readonly : never write; a ledger that does not exist is an error
        now_ns : wall clock, for the column `booked_ns` only
        rules : what makes a spill good; the defaults when not given

        Raises
        ------
        ConfigError
            Not a ledger URL.
        StoreError
            The place cannot be used, or holds something else, or another schema version. It is left as it is.
        """
        name, rules = shown(url), rules or AccountingConfig()
        # look before writing: a file that is something else must not even get another journal mode
        with cls(open_engine(url, readonly=readonly or holds_bytes(url)), name, now_ns, rules) as looking:
            found = looking._look()
        if readonly and found != "current":
            raise refuse_empty(name) if found == "nothing" else refuse_older(name)
        ledger = cls(open_engine(url, readonly=readonly), name, now_ns, rules)
        try:
            if not readonly:
                ledger._prepare()
        except BaseException:
            ledger.close()
            raise
        return ledger

    @property
    def name(self) -> str:
        """Path, or URL without its password."""
        return self._name

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self, *, write_lock: bool = False, one_moment: bool = False) -> Iterator[sa.Connection]:
        """Work in a transaction; with `one_moment` all its queries see the same rows, as those of SQLite always do."""
        engine = self._engine.execution_options(**WRITE) if write_lock else self._engine
        if one_moment and engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        try:
            with engine.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise explain(error, self._name) from error

    def _look(self) -> Found:
        with self._transaction() as connection:
            return recognise(connection, self._name)

    def _prepare(self) -> None:
        with self._transaction(write_lock=True) as connection:
            if create(connection, self._name, self._now_ns()) == "older":
                judge_all(connection, self._rules)
            quick_check(connection, self._name)
