"""The front door: mounts the commands of each folder into one program.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. Heavy imports happen inside the commands, so that
`--help` is quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated

import typer

from daq.errors import DumpwatchError

FOLDERS = ("daq", "streaming", "monitor", "offline")


def build_app() -> typer.Typer:
    """One typer application with the commands of every folder."""
    app = typer.Typer(
        name="dumpwatch",
        help="Watch NA62 beam-dump runs: trigger, stream, reconstruct, count, book, replay.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def options(log_level: Annotated[str, typer.Option(help="debug, info, warning or error")] = "info") -> None:
        from streaming.services.lifetime import set_up_logging

        if log_level.lower() not in {"debug", "info", "warning", "error"}:
            msg = f"'{log_level}'; wanted debug, info, warning or error"
            raise typer.BadParameter(msg, param_hint="--log-level")
        set_up_logging(log_level)

    for folder in FOLDERS:
        import_module(f"{folder}.commands").register(app)
    return app


def main() -> None:
    """Run one command; an expected error is one message on stderr, never a traceback."""
    try:
        build_app()()
    except DumpwatchError as error:
        sys.stderr.write(f"dumpwatch: {error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        sys.stderr.write(f"dumpwatch: {error}; check the path, its permissions and the space on its disk\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
