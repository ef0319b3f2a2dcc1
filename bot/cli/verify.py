"""`yishiting verify`: recompute a published file without a database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from models.record.rules import GENESIS, entry_hash, payload_hash
from models.record.rules import verify as verify_ledger


class NotPublished(ValueError):
    """The file is nothing that this program publishes."""


def verify(
    file: Annotated[Path, typer.Argument(help="公示记录的 .json：一条，或整条 ledger.json。")],
) -> None:
    """重新计算一份公示文件：一致则输出 verified，否则说明哪里不一致。"""
    try:
        differs, summary = check(json.loads(file.read_bytes()))
    except OSError as error:
        typer.echo(f"读不到 {file}：{error.strerror}。 / cannot read the file")
        raise typer.Exit(1) from None
    except (NotPublished, ValueError, RecursionError):
        typer.echo(f"{file} 不是公示记录文件。 / not a published file: neither a ledger.json nor one notice")
        raise typer.Exit(1) from None
    if differs:
        for line in differs:
            typer.echo(line)
        raise typer.Exit(1)
    typer.echo("verified")
    typer.echo(summary, err=True)


def check(published: Any) -> tuple[list[str], str]:
    """What differs, and in a word what was checked. Raises `NotPublished`."""
    if (
        isinstance(published, Mapping)
        and "entries" not in published
        and {"seq", "hash", "payload_hash"} <= published.keys()
    ):
        return _single(
            published
        ), f"第 {published['seq']} 条，一条记录；它在链中的位置要用整条 ledger.json 核对。"
    entries = published.get("entries") if isinstance(published, Mapping) else published
    if not isinstance(entries, list) or (isinstance(published, list) and not entries):
        raise NotPublished
    differs = verify_ledger(entries)
    if isinstance(published, Mapping) and "head" in published:
        differs += _head(published["head"], entries)
    return differs, f"{len(entries)} 条记录，首尾相连。"


def _head(head: Any, entries: list[Any]) -> list[str]:
    """A cut-off end leaves a chain that holds; the head names where it should end."""
    last = entries[-1] if entries else {"seq": 0, "hash": GENESIS}
    try:
        return (
            []
            if (head["seq"], head["hash"]) == (last["seq"], last["hash"])
            else [f"head: the chain should end with entry {head['seq']}"]
        )
    except (KeyError, TypeError):
        return ["head: not the end of a ledger"]


def _single(entry: Mapping[str, Any]) -> list[str]:
    where = f"entry {entry['seq']}"
    differs = []
    try:
        if (
            entry["payload"] is not None
            and payload_hash(entry["salt"], entry["payload"]) != entry["payload_hash"]
        ):
            differs.append(f"{where}: its content was changed")
        if (
            entry_hash(entry["previous"], entry["seq"], entry["kind"], entry["at"], entry["payload_hash"])
            != entry["hash"]
        ):
            differs.append(f"{where}: its hash does not recompute")
    except (KeyError, TypeError, AttributeError):
        return [f"{where}: not an entry of a ledger"]
    return differs
