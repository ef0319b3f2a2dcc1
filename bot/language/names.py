"""Categories, posts, urgencies and commands by the names people use for them."""

from __future__ import annotations

from .lexicon import load_lexicon
from .normalise import fold


def category_of(word: str) -> str | None:
    """The category key that 「噪声」, 「噪音」 or `noise` means, else None."""
    wanted = fold(word).strip()
    names = load_lexicon().categories
    if wanted.lower() in names:
        return wanted.lower()
    for key, entry in names.items():
        if wanted == entry.name or wanted in entry.aliases:
            return key
    loose = [
        key
        for key, entry in names.items()
        if len(wanted) >= 2 and (wanted in entry.name or entry.name in wanted)
    ]
    return loose[0] if len(loose) == 1 else None


def category_name(key: str) -> str:
    """The Chinese name of a category key."""
    return load_lexicon().categories[key].name


def role_of(word: str) -> str | None:
    """The post that 「楼长」 or `captain` means, else None."""
    wanted = fold(word).strip()
    for key, names in load_lexicon().roles.items():
        if wanted == key or wanted in names:
            return key
    return None


def role_name(key: str) -> str:
    """The Chinese name of a post."""
    return load_lexicon().roles[key][0]


def urgency_of(word: str) -> str | None:
    """The urgency that 「紧急」 or `emergency` means, else None."""
    wanted = fold(word).strip()
    for key, names in load_lexicon().urgencies.items():
        if wanted == key or wanted in names:
            return key
    return None


def urgency_name(key: str) -> str:
    """The Chinese name of an urgency."""
    return load_lexicon().urgencies[key][0]


def command_word(verb: str) -> str:
    """The word of a command, as an example names it: 接单."""
    return load_lexicon().commands[verb].word


def help_lines(role: str, board: str) -> list[str]:
    """What help tells a post, or `resident`: the commands' examples and the address of the board."""
    lexicon = load_lexicon()
    examples = {verb: rule.example for verb, rule in lexicon.commands.items()} | {"board": board}
    return [line.format_map(examples) for line, roles in lexicon.help if role in roles]
