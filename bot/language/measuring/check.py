"""Looks over config/lexicon for mistakes: `python -m bot.language.measuring.check` (`make lexicon-check`).

Errors (exit 1): a word twice in one list, one command word for two commands, an example that does not say its
command, help for a post that may not, a word for and against a report, a weight whose sign contradicts its
rule, a word in traditional characters, everyday words that stand nowhere else. Notes: rules that never fire
on the development text and our own examples, which are candidates for removal.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.language.forms.commands import CommandParser
from bot.language.lexicon import FILES, build, read_files, words_of
from bot.language.normalise import fold
from bot.language.reader import Reader
from bot.language.reports.finder import AGAINST

from .fit import DATA, EXAMPLES, bounds, cases


def _lists(files: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Every word list with where it stands."""
    for key, entry in files["categories"]["categories"].items():
        for kind in ("strong", "troubles", "things", "hints", "aliases"):
            yield f"categories.yaml {key}.{kind}", words_of(entry.get(kind))
    for key, entry in files["signs"]["signs"].items():
        yield f"signs.yaml {key}", words_of(entry.get("words"))
    for key in ("spots", "equipment", "fittings", "grounds", "faint", "not_spots", "not_places", "joined"):
        yield f"places.yaml {key}", words_of(files["places"][key])
    for verb, entry in files["commands"]["commands"].items():
        yield f"commands.yaml {verb}", words_of(entry["words"])
    yield "everyday.yaml words", words_of(files["everyday"]["words"])


def errors(files: dict[str, Any]) -> list[str]:
    """What must be mended, one line each."""
    found: list[str] = []
    for where, words in _lists(files):
        found += [
            f"{where}: {word} stands there {count} times"
            for word, count in Counter(words).items()
            if count > 1
        ]
        found += [f"{where}: {word} should be written {fold(word)}" for word in words if fold(word) != word]
    owners: dict[str, str] = {}
    for verb, entry in files["commands"]["commands"].items():
        for word in words_of(entry["words"]):
            if owners.setdefault(word, verb) != verb:
                found.append(f"commands.yaml: {word} means both {owners[word]} and {verb}")
    sides: dict[str, dict[bool, str]] = {}
    for name, entry in files["signs"]["signs"].items():
        for word in words_of(entry.get("words")):
            sides.setdefault(word, {})[name in AGAINST] = name
        low, high = bounds(name)
        weight = float(entry["weight"])
        if (low is not None and weight < low) or (high is not None and weight > high):
            found.append(f"signs.yaml {name}: the weight {weight:+} contradicts what the rule says")
    found += [
        f"signs.yaml: {word} speaks for a report as {pair[False]} and against it as {pair[True]}"
        for word, pair in sides.items()
        if len(pair) > 1 and word not in BOTH
    ]
    topics = {
        word
        for where, words in _lists(files)
        if where.startswith("categories") and not where.endswith("aliases")
        for word in words
    }
    found += [
        f"everyday.yaml: {word} is in no category"
        for word in words_of(files["everyday"]["words"])
        if word not in topics
    ]
    found += _commands(files)
    known = set(files["categories"]["categories"])
    found += [
        f"alarms.yaml {name}: no category {entry['category']}"
        for name, entry in files["alarms"]["alarms"].items()
        if entry["category"] not in known
    ]
    found += [
        f"alarms.yaml urgent: no category {entry['category']}"
        for entry in files["alarms"]["urgent"]
        if entry["category"] and entry["category"] not in known
    ]
    return found


def _commands(files: dict[str, Any]) -> Iterator[str]:
    """Examples that say something else, posts that do not exist, help for whom it is not."""
    lexicon = build(files)
    parser = CommandParser(lexicon)
    for verb, rule in lexicon.commands.items():
        command = parser.parse(fold(rule.example))
        if command is None or command.verb != verb:
            yield f"commands.yaml {verb}: the example {rule.example} does not say it"
        if not rule.roles:
            yield f"commands.yaml {verb}: nobody may say it"
        yield from (
            f"commands.yaml {verb}: no post {role}"
            for role in rule.roles
            if role not in {"resident", *lexicon.roles}
        )
    for line, roles in lexicon.help:
        for verb in re.findall(r"{(\w+)}", line):
            known = lexicon.commands.get(verb)
            if known is None or known.later:
                yield f"commands.yaml help {line}: no command {verb} is served"
            elif "resident" not in known.roles and (others := set(roles) - set(known.roles)):
                yield f"commands.yaml help {line}: not for {'、'.join(sorted(others))}"


#: Words that may speak for both sides, since only the sentence decides.
BOTH = frozenset({"换好", "听说"})


def silent(reader: Reader, texts: Sequence[str]) -> list[str]:
    """Signs, acts and alarms that no text sets off."""
    fired: set[str] = set()
    for text in texts:
        fired |= reader.evidence(text).features.keys()
        reading = reader.read(text, mention=True)
        fired |= {reading.intent, f"alarm {reading.alarm}"}
    lexicon = reader.lexicon
    quiet = [f"signs.yaml {name}" for name in lexicon.signs if name not in fired]
    quiet += [f"signs.yaml {pair.name}" for pair in lexicon.pairs if pair.name not in fired]
    quiet += [f"acts.yaml {act.name}" for act in lexicon.acts if act.name not in fired]
    return quiet + [
        f"alarms.yaml {alarm.name}" for alarm in lexicon.alarms if f"alarm {alarm.name}" not in fired
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args(arguments)
    files = read_files()
    mistakes = errors(files)
    for line in mistakes:
        print(line)
    reader = Reader(build(files))
    texts = (
        [line.split("\t")[2] for line in EXAMPLES.read_text("utf-8").splitlines()[1:]]
        if EXAMPLES.exists()
        else []
    )
    if options.data.is_dir():
        texts += [case.text for case in cases(options.data) if case.weight >= 1.0 or case.report]
        texts += [
            str(json.loads(line)["text"])
            for line in (options.data / "group_chat_dev.jsonl").read_text("utf-8").splitlines()
        ]
    for line in silent(reader, texts):
        print(f"note: {line} never fires on {len(texts)} texts")
    print(f"{len(FILES)} files, {len(reader.lexicon.senses)} words, {len(mistakes)} mistakes")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
