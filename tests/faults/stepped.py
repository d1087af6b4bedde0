"""`python -m tests.faults.stepped MODULE ARGUMENT…`: the module as it is, under a database whose clock can be stepped.

All times of the service are the database's, so one number in the database that is added to them steps the clock of all
processes at the same moment, as it does where the clock of the database's machine is set.
"""

import runpy
import sys
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from core.store import clock, engine

ANSWER_TIMEOUT_S = 3.0


def make_steppable(database: Engine) -> None:
    """Once for each database, before any process uses it."""
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE clock_steps (seconds DOUBLE PRECISION NOT NULL)"))
        connection.execute(text("INSERT INTO clock_steps VALUES (0)"))


def step(database: Engine, seconds: float) -> bool:
    """The clock is wrong by so many seconds from now on; False where the database takes no writes at this moment."""
    try:
        with database.connect() as connection:
            if database.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA busy_timeout = 50")
            connection.execute(text("UPDATE clock_steps SET seconds = :seconds"), {"seconds": seconds})
            connection.commit()
    except OperationalError:
        return False
    return True


def install() -> None:
    """In this process every time that the database tells is wrong by the step."""
    for dialect, usual in (("sqlite", clock._sqlite), ("postgresql", clock._postgresql)):

        def stepped(element: clock.now, compiler: SQLCompiler, usual: Any = usual, **options: Any) -> str:
            return f"({usual(element, compiler, **options)} + (SELECT seconds FROM clock_steps))"

        compiles(clock.now, dialect)(stepped)


if __name__ == "__main__":
    install()
    engine.ANSWER_TIMEOUT_S = ANSWER_TIMEOUT_S  # a server that went silent is given up in the time of a test
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
