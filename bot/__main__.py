"""The `yishiting` command (also `python -m bot`). Each command is imported only when it is asked for, so that
each starts fast."""

from __future__ import annotations

import importlib
import os
import sys

import typer

#: Command → (module, function). In the order of `--help`.
COMMANDS = {
    "run": ("bot.cli.serve", "run"),
    "import": ("bot.cli.roster", "import_roster"),
    "understand": ("bot.cli.understand", "understand"),
    "verify": ("bot.cli.verify", "verify"),
    "export": ("bot.cli.export", "export"),
    "backup": ("bot.cli.backup", "backup"),
    "restore": ("bot.cli.backup", "restore"),
    "doctor": ("bot.cli.doctor", "doctor"),
    "erase": ("bot.cli.erase", "erase"),
    "qr": ("bot.cli.qr", "qr"),
    "lexicon-check": ("bot.cli.lexicon", "lexicon_check"),
}
#: These ask neither the environment nor a file how the installation is set up, unless they find that they
#: need it.
WITHOUT_SETTINGS = ("understand", "verify", "doctor", "lexicon-check")


def main() -> None:
    """Run one command. A mistake in the configuration is one line on standard error and exit 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A Windows console may still be set to a code page without half of our letters.
            stream.reconfigure(
                errors="backslashreplace",
                **({"encoding": "utf-8"} if os.name == "nt" and not stream.isatty() else {}),
            )
    name = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    app = _app(list(COMMANDS) if name not in COMMANDS else [name])
    try:
        if name in COMMANDS and name not in WITHOUT_SETTINGS and "--help" not in sys.argv:
            for line in importlib.import_module("bot.operations.configuration").suspicions(os.environ):
                typer.echo(line, err=True)
        app(prog_name="yishiting")
    except Exception as error:
        configuration = importlib.import_module("bot.operations.configuration")
        if not isinstance(error, configuration.BAD):
            raise
        for line in configuration.complaints(error):
            typer.echo(line, err=True)
        sys.exit(2)


def _app(names: list[str]) -> typer.Typer:
    app = typer.Typer(
        name="yishiting",
        help="议事厅：社区居民议事的聊天机器人。",
        no_args_is_help=True,
        add_completion=False,
        # A pretty traceback prints local variables, and those hold what residents wrote.
        pretty_exceptions_enable=False,
    )

    # With a callback a single registered command keeps its name instead of becoming the program itself.
    app.callback()(_nothing)
    for name in names:
        module, function = COMMANDS[name]
        app.command(name)(getattr(importlib.import_module(module), function))
    return app


def _nothing() -> None:
    """议事厅：社区居民议事的聊天机器人。"""


if __name__ == "__main__":
    main()
