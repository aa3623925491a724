"""Goal: what a manifest or an archive may name stays in its folder, on a real file system too.

Method: trees with names and links of every sort, most of them hostile, as lists of a
manifest; what is accepted is made on disk and looked at by the system itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sessionlib.bundles.safe_links import stays_inside as stays_in_bundle
from sessionlib.checkpoints.errors import CheckpointDamaged
from sessionlib.checkpoints.manifest import Manifest
from sessionlib.checkpoints.safe_paths import ROOT
from sessionlib.checkpoints.safe_paths import stays_inside as stays_in_checkpoint
from tests.fuzz.table import TARGETS
from tests.fuzz.target import fault
from tests.fuzz.targets.checkpoints import manifest_holds
from tests.fuzz.targets.homes import spot

LISTS = TARGETS["lists"]
GOOD = st.sampled_from(["a", "b", "c"])
ANY = GOOD | GOOD | st.sampled_from(["..", "..", ".", "", "\udcff", "a\n", "é"])
PATHS = st.lists(GOOD, min_size=1, max_size=3).map("/".join)
WAYS = st.lists(ANY, min_size=1, max_size=5).map("/".join)
TREE = ["dir", ROOT, 0o755, 0]


def lines_of(folders: list[str], files: list[str], links: list[tuple[str, str]]) -> bytes:
    rows: list[list[Any]] = [TREE]
    rows += [["dir", path, 0o755, 0] for path in folders]
    rows += [["file", path, 0o644, 0, 0, []] for path in files]
    rows += [["link", path, target] for path, target in links]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def with_parents(paths: set[str]) -> list[str]:
    """All folders that lead to these, and they themselves, parents first."""
    every = {
        "/".join(path.split("/")[: n + 1]) for path in paths for n in range(path.count("/") + 1)
    }
    return sorted(every)


def made(manifest: Manifest, root: Path) -> None:
    """The tree as a restore would make it, and nothing that was checked before."""
    for folder in manifest.folders:
        (root / folder.path).mkdir(exist_ok=True)
    for file in manifest.files:
        (root / file.path).touch()
    for link in manifest.links:
        os.symlink(os.fsencode(link.target), os.fsencode(root / link.path))  # noqa: PTH211 - bytes


UP_BEHIND_A_LINK = lines_of(["a", "a/b"], [], [("a/b/l", "../.."), ("a/b/m", "l/../..")])
"""Two steps up from where it stands would still be inside; from where `l` leads they aren't."""


@st.composite
def trees(draw: st.DrawFn) -> bytes:
    """Folders, and links in them that lead up, down, through each other, or anywhere."""
    folders = with_parents(draw(st.sets(PATHS, max_size=4)))
    links = {}
    for name in draw(st.lists(st.sampled_from("lmnop"), unique=True)):
        folder = draw(st.sampled_from([ROOT, *folders]))
        path = name if folder == ROOT else f"{folder}/{name}"
        ups = [".."] * draw(st.integers(0, path.count("/")))
        rest = draw(st.lists(GOOD | st.sampled_from(["l", "m", "n", "o", ".."]), max_size=4))
        target = "/".join([*ups, *rest])
        # Or one that is refused would hide all that would be accepted.
        if stays_in_checkpoint(path, target):
            links[path] = target
    if draw(st.integers(0, 9)) == 0:
        links[draw(PATHS | WAYS)] = draw(WAYS)
    return lines_of(folders, [], sorted(links.items()))


@example(UP_BEHIND_A_LINK)
@given(trees())
@settings(max_examples=200, deadline=None)
def test_what_is_accepted_leads_nowhere_else_on_disk(data: bytes) -> None:
    assert fault(LISTS, data) is None
    try:
        manifest = LISTS.read(data)
    except CheckpointDamaged:
        return
    with tempfile.TemporaryDirectory(dir=spot()) as place:
        root = Path(place).resolve() / "x" / "data"
        root.mkdir(parents=True)
        made(manifest, root)
        for link in manifest.links:
            led = Path(os.path.realpath(root / link.path))
            assert led.is_relative_to(root), (link, led)
        assert [path.name for path in root.parent.iterdir()] == ["data"]


@given(st.sets(PATHS, min_size=1, max_size=5), st.dictionaries(PATHS, WAYS, max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_tree_of_our_own_is_accepted(folders: set[str], links: dict[str, str]) -> None:
    """Or the rest would be true of a reader that refuses everything."""
    known = with_parents(folders)
    kept = {
        f"{known[0]}/{path.replace('/', '-')}!": target
        for path, target in links.items()
        if stays_in_checkpoint("x/y", target)
    }
    manifest = LISTS.read(lines_of(known, [], sorted(kept.items())))
    manifest_holds(manifest)
    assert {link.path: link.target for link in manifest.links} == kept


@given(PATHS, WAYS)
@settings(max_examples=200, deadline=None)
def test_bundles_and_checkpoints_judge_links_alike(path: str, target: str) -> None:
    assert stays_in_bundle(path, target) == stays_in_checkpoint(path, target)
