"""Goal: nothing that somebody else wrote is obeyed by a terminal, or breaks a column."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.bounded_calls import within
from console.fleet.fleet_text import ago, duration, table
from console.text.output import Output
from console.text.safe_text import clipped, harmless_lines, one_line, padded, text_width, wrapped
from console.text.units import size_text
from sessionlib.clock import sleep
from sessionlib.crash_text import redacted
from sessionlib.errors import Unknown, Unreachable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1;2|data\x1b\\text", "text"),
        ("\x1b]52;c;never closed", ""),
        ("\x9b31mred", "red"),
        ("a\rb\nc\td", "a b c d"),
        ("a\x00\x08\x7fb", "ab"),
        ("abc\u202edef\u2066\u200b", "abcdef"),
        ("\ud800half", "half"),
        ("日本", "日本"),
    ],
)
def test_text_is_made_harmless(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(st.text())
def test_no_text_keeps_anything_a_terminal_obeys(text: str) -> None:
    kept = {unicodedata.category(char) for char in harmless_lines(text).replace("\n", "")}
    assert not kept & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert one_line(one_line(text)) == one_line(text)


@given(st.text(), st.integers(1, 40))
def test_a_cell_has_its_width(text: str, columns: int) -> None:
    assert text_width(padded(one_line(text), columns)) == columns
    assert text_width(clipped(one_line(text), columns)) <= columns


@given(st.text(), st.integers(1, 40))
def test_a_broken_text_fits_and_loses_no_word(text: str, columns: int) -> None:
    text = one_line(text)
    shown = wrapped(text, columns)
    assert " ".join(shown).split() == text.split()
    assert all(text_width(line) <= columns or " " not in line.strip() for line in shown)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)), st.integers(1, 40))
def test_a_column_is_kept_to_whatever_is_in_it(text: str, columns: int) -> None:
    shown = wrapped(text.strip(), columns, in_column=True)
    assert "".join("".join(shown).split()) == "".join(text.split())
    assert all(len(line) <= columns for line in shown)


def test_a_text_is_broken_between_words_and_not_in_a_command() -> None:
    text = "see `colabvps-console status` and https://example.com/a-long-address for it"
    assert wrapped(text, 30, hang=2) == [
        "see `colabvps-console status`",
        "  and",
        "  https://example.com/a-long-address",
        "  for it",
    ]
    assert wrapped("", 30) == [""]


def test_a_pile_of_accents_is_no_wider_and_no_longer_than_other_text() -> None:
    assert one_line("e" + "\u0301" * 10_000, 10) == "e" + "\u0301" * 38 + "…"
    assert one_line("e\u0301" * 10, 10) == "e\u0301" * 10


def test_leading_blanks_of_a_line_stay() -> None:
    assert harmless_lines("  a\x1b[1m  \n b") == "  a\n b"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m00s"),
        (3600, "1h00m"),
        (43_199, "11h59m"),
        (-5, "0s"),
        (360_000, "4d04h"),
        (None, "-"),
    ],
)
def test_lengths_of_time(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
    assert ago(seconds) == ("never" if seconds is None else f"{text} ago")


def test_a_table_lines_up() -> None:
    assert table([("1", "日本", "x"), ("22", "b", "\x1b[1my")], ("A", "B", "C")) == [
        "A   B     C",
        "1   日本  x",
        "22  b     y",
    ]


def test_colours_only_where_they_are_welcome(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for term, no_color, coloured in [
        ("xterm", "", True),
        ("xterm", "1", False),
        ("dumb", "", False),
        ("", "", False),
    ]:
        monkeypatch.setenv("TERM", term)
        monkeypatch.setenv("NO_COLOR", no_color)
        Output().line("text", "bad")
        assert (capsys.readouterr().out == "\x1b[31mtext\x1b[0m\n") is coloured


def test_a_call_that_hangs_is_given_up() -> None:
    assert within(1.0, lambda: 5) == 5
    with pytest.raises(Unreachable, match=r"no answer within 0\.01 s"):
        within(0.01, lambda: sleep(0.5))
    with pytest.raises(Unknown):
        within(0.01, lambda: sleep(0.5), Unknown)
    with pytest.raises(ZeroDivisionError):
        within(1.0, lambda: 1 / 0)


def test_long_runs_are_redacted() -> None:
    assert redacted(f"key {'ab' * 32} and word") == "key [redacted] and word"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"),
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (340_000_000, "340 MB"),
        (999_499_999, "999 MB"),
        (999_500_000, "1.0 GB"),
        (2_100_000_000, "2.1 GB"),
        (999_500_000_000, "1.0 TB"),
        (340_000_000_000_000, "340 TB"),
    ],
)
def test_sizes(count: int | None, text: str) -> None:
    assert size_text(count) == text
