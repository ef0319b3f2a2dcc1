"""`yishiting lexicon-check`: look over config/lexicon."""

from __future__ import annotations

import typer

from bot.language.measuring import check


def lexicon_check() -> None:
    """检查 config/lexicon：重复、自相矛盾、从不起作用的词和规则。"""
    raise typer.Exit(check.main([]))
