"""A text cut into words by jieba, which knows the lexicon's words."""

from __future__ import annotations

import logging
from functools import cache, lru_cache

import jieba

from .lexicon import load_lexicon

jieba.setLogLevel(logging.WARNING)


@cache
def tokenizer() -> jieba.Tokenizer:
    """The process's one jieba tokenizer (each costs some 70 MB), taught the lexicon's longer words."""
    made = jieba.Tokenizer()
    made.initialize()
    for word in load_lexicon().words():
        if len(word) > 1 and not word.isascii():
            made.add_word(word)
    return made


@lru_cache(maxsize=2)
def cut(text: str) -> list[str]:
    """The words of `text`; the last text is remembered, because several rules ask for the words of one
    message."""
    words: list[str] = tokenizer().lcut(text, HMM=False)
    return words
