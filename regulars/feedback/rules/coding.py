"""Open answers sorted into the themes of a code frame, by words and their stems.

A frame gives each theme words and phrases by language. A text is about a theme when one of them stands
in it, whatever their endings: words are compared by their Snowball stems (Porter 2001). A text may be
about several themes. It is a rule that everybody can read and mend, and how far it agrees with people
is measured (`rules.agreement`); it does not judge whether a theme is praised or blamed, the score does.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

LANGUAGES = {"en": "english", "ru": "russian"}
"""Languages whose words are stemmed; of others whole words are compared."""

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
WORDS_MAX = 500
"""Only so many words of a text are read; a longer one has said what it is about."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme: its code, that of the theme above it or empty, and its words by language."""

    code: str
    words: Mapping[str, Sequence[str]]
    under: str = ""


class Coder:
    """Finds the themes of texts by one code frame."""

    def __init__(self, themes: Iterable[Theme]) -> None:
        self._above = {}
        self._phrases: dict[str, dict[tuple[str, ...], set[str]]] = {}
        self._longest = 1
        for theme in themes:
            self._above[theme.code] = theme.under
            for language, words in theme.words.items():
                for word in words:
                    self._learn(theme.code, word, language)

    def _learn(self, code: str, word: str, language: str) -> None:
        if phrase := tuple(stems(word, language)):
            self._phrases.setdefault(language, {}).setdefault(phrase, set()).add(code)
            self._longest = max(self._longest, len(phrase))

    def codes_of(self, text: str) -> frozenset[str]:
        """The codes of the themes a text is about, those above them included.

        People write in another language than the page is in, so every language of the frame is tried,
        each by its own stems.

        >>> frame = [Theme("queue", {"en": ["waiting", "till open"], "ru": ["очередь"]}, under="till"),
        ...     Theme("till", {}), Theme("price", {"en": ["price"], "ru": ["дорого"]})]
        >>> sorted(Coder(frame).codes_of("Waited long. One till was open, and prices!"))
        ['price', 'queue', 'till']
        >>> sorted(Coder(frame).codes_of("Стоял в очереди"))
        ['queue', 'till']
        """
        found: set[str] = set()
        for tongue, phrases in self._phrases.items():
            words = stems(text, tongue)
            for at in range(len(words)):
                for size in range(1, self._longest + 1):
                    found |= phrases.get(tuple(words[at : at + size]), set())
        return frozenset(self._with_those_above(found))

    def _with_those_above(self, codes: set[str]) -> set[str]:
        whole = set(codes)
        for code in codes:
            above = self._above.get(code, "")
            while above and above not in whole:
                whole.add(above)
                above = self._above.get(above, "")
        return whole


def stems(text: str, language: str) -> list[str]:
    """The stems of a text's words in their order, in lower case; digits and signs are no words.

    >>> stems("Waited, WAITING — and the queues!", "en")
    ['wait', 'wait', 'and', 'the', 'queue']
    """
    words = _WORD.findall(text[: WORDS_MAX * 20].lower().replace("ё", "е"))[:WORDS_MAX]
    return [_stem(word, language[:2]) for word in words]


@lru_cache(maxsize=50_000)
def _stem(word: str, language: str) -> str:
    stemmer = _stemmer(language)
    return word if stemmer is None else str(stemmer.stemWord(word))


@cache
def _stemmer(language: str) -> Any:
    import snowballstemmer  # half a second, and most processes read no comments

    name = LANGUAGES.get(language)
    return snowballstemmer.stemmer(name) if name else None
