"""Feed real text through the sandbox API of a running demo and count what came of it: `python
tools/real_input.py DATA_DIR [BASE_URL]`.

The text stays where it is: nothing of it is written or printed but counts. See ../shared/data/README.md for
the files.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

SEED = 20261123


def post(base: str, path: str, body: dict[str, object]) -> dict[str, object]:
    """One request, one answer."""
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{base}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - likewise
        found: dict[str, object] = json.load(answer)
        return found


def rows(file: Path) -> list[dict[str, str]]:
    """A tab-separated file without quoting."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def corpus(data: Path) -> list[tuple[str, str, bool]]:
    """(source, text, is a report), shuffled as a group would mix them."""
    chat = [
        json.loads(line) for line in (data / "group_chat_dev.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    lines = [("group_chat", row["text"], row["intent"] == "report") for row in chat]
    lines += [
        ("complaints", f"{row['title']}\n{row['text']}", True)
        for row in rows(data / "complaints_dev.tsv")[:500]
    ]
    lines += [("chitchat", row["text"], False) for row in rows(data / "chitchat_dev.tsv")[:5000]]
    random.Random(SEED).shuffle(lines)  # noqa: S311 - a shuffle, not a secret
    return lines


def kind(answer: dict[str, object], chat: str) -> str:
    """What one message led to, from the messages it caused."""
    replies = answer["replies"]
    if not isinstance(replies, list) or not replies:
        return "silent"
    texts = [str(r["text"]) for r in replies]
    here = " ".join(str(r["text"]) for r in replies if r["chat"] in (chat, f"dm:{answer.get('sender')}"))
    if any(text.startswith(("新任务", "任务升级")) for text in texts):
        return "opened"
    if "是同一件" in here or "已经反映过" in here:
        return "joined"
    if "哪一栋" in here:
        return "asked"
    return "other"


def main() -> None:
    """Feed, count, print one table."""
    data, base = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8080"
    with urllib.request.urlopen(f"{base}/sandbox/chats") as answer:  # noqa: S310 - our own server
        chats = json.load(answer)
    estate = max(chats, key=lambda c: len(c["members"]))
    residents = [m for m in estate["members"] if m.startswith("r-")] or estate["members"]
    chooser = random.Random(SEED)  # noqa: S311 - likewise
    counts: dict[str, Counter[str]] = {}
    started = time.perf_counter()
    lines = corpus(data)
    for number, (source, text, report) in enumerate(lines):
        sender = chooser.choice(residents)
        reply = post(
            base,
            "/sandbox/messages",
            {"id": f"real-{number}", "chat": estate["chat"], "sender": sender, "text": text[:20_000]},
        )
        counts.setdefault(f"{source}{' report' if report else ' other'}", Counter())[
            kind({**reply, "sender": sender}, estate["chat"])
        ] += 1
    seconds = time.perf_counter() - started
    print(
        f"{len(lines)} messages in {seconds:.1f} s, {len(lines) / seconds:.0f} a second (one connection a message, one at a time)"
    )
    for name, found in sorted(counts.items()):
        print(f"{name:20s} {sum(found.values()):5d}", dict(found))


if __name__ == "__main__":
    main()
