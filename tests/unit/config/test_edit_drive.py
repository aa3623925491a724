"""Goal: writing a Drive store's ids puts them in and changes nothing else a person wrote."""

from __future__ import annotations

import re

import pytest
import yaml

from sessionlib.config.edit_drive import with_drive

FOLDER = "1AbCdEfGhIjKl"
IDS = {"state": "1-id-of-state", "state/lease.json": "1-id-of-lease"}
BLOCK = f"""\
  folder_id: "{FOLDER}"
  ids:
    state: "1-id-of-state"
    state/lease.json: "1-id-of-lease"
"""
FLOW = f""", folder_id: "{FOLDER}", ids: {{
    state: "1-id-of-state",
    state/lease.json: "1-id-of-lease",
  }}"""


IDS_BLOCK = BLOCK.partition("\n")[2]
PARTLY = """\
store:
  kind: drive
  folder_id: x1
  ids:
    logs: l  # the logs
    state: s
a: 1
"""
WHOLE = f"""\
store:
  kind: drive
  folder_id: "{FOLDER}"
  ids:
    logs: l  # the logs
    state: "1-id-of-state"
    state/lease.json: "1-id-of-lease"
a: 1
"""
IN_BRACES = f"""\
store: {{ids: {{state: "1-id-of-state", state/lease.json: "1-id-of-lease"}}, \
kind: drive, folder_id: "{FOLDER}"}}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("store: {kind: drive}  # there\n", f"store: {{kind: drive{FLOW}}}  # there\n"),
        (
            "store:\n  kind: drive  # there\n\n# on\na: 1\n",
            f"store:\n  kind: drive  # there\n{BLOCK}\n# on\na: 1\n",
        ),
        ("a: 1\nstore:\n  kind: drive", f"a: 1\nstore:\n  kind: drive\n{BLOCK}"[:-1]),
        (
            f"store:\n  folder_id: {FOLDER}  # mine\n  kind: drive\n",
            f"store:\n  folder_id: {FOLDER}  # mine\n  kind: drive\n{IDS_BLOCK}",
        ),
        (
            "store:\n  folder_id:   # mine\n  kind: drive\n",
            f'store:\n  folder_id: "{FOLDER}"   # mine\n  kind: drive\n{IDS_BLOCK}',
        ),
        (PARTLY, WHOLE),
        ("store: {ids: {}, kind: drive}\n", IN_BRACES),
        (
            "store: {\n  kind: drive,  # there\n}\n",
            f"store: {{\n  kind: drive{FLOW},  # there\n}}\n",
        ),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_ids_are_put_in(before: str, after: str, line_end: str) -> None:
    before, after = (text.replace("\n", line_end) for text in (before, after))
    assert with_drive(before, FOLDER, IDS) == after
    assert with_drive(after, FOLDER, IDS) == after
    assert yaml.safe_load(after)["store"]["ids"].items() >= IDS.items()
    assert re.findall("#.*", after) == re.findall("#.*", before)


def test_the_folder_alone_can_be_written() -> None:
    assert with_drive("store: {kind: drive}\n", FOLDER, {}) == (
        f'store: {{kind: drive, folder_id: "{FOLDER}"}}\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "a: [\n",
        "fleet: a\n",
        "store: x\n",
        "",
        "store: &s {kind: drive}\nother: *s\n",
        '{"store": {"kind": "drive", "ids": "x"}, "ids": *x}',
    ],
)
def test_where_it_cant_be_said_nothing_is_changed(text: str) -> None:
    with pytest.raises(ValueError, match="can't be written"):
        with_drive(text, FOLDER, IDS)
