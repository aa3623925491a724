"""The architecture page shows the rooms as they are, or the build fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.rooms_doc import (
    PACKAGES,
    PAGE,
    ROOT,
    Room,
    cycles,
    drawn,
    imported_names,
    place_graph,
    read_sources,
    rooms,
    survey,
)

TOY = {
    "shop.__init__": "",
    "shop.__main__": "from shop.till import counting\n",
    "shop.money": "import decimal\n",
    "shop.till.__init__": "",
    "shop.till.counting": "from shop import money\nfrom .. import goods\n" + "x = 1\n" * 100,
    "shop.till.drawer.coins": "from shop.money import PENCE\n",
    "shop.goods.__init__": "def open():\n    import shop.money as m\n    return m\n",
}
EMPTY_PAGE = "# Shop\n\n<!-- drawn: rooms -->\n<!-- end -->\n\nThe end.\n"


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text()
    assert drawn(page, read_sources(ROOT)) == page, "run `make docs`"


def test_rooms_have_their_files_lines_and_arrows() -> None:
    assert survey(TOY) == [
        Room("shop", 3, 2, ("shop.till",)),
        Room("shop.goods", 1, 3, ("shop",)),
        Room("shop.till", 3, 103, ("shop", "shop.goods")),
    ]


def test_the_table_rounds_lines_and_nothing_else() -> None:
    text = rooms(TOY)
    assert "| `shop`, its own modules | 3 | under 50 | 1: `shop.till` |" in text
    assert "| `shop.till` | 3 | 100 | 2: `shop`, `shop.goods` |" in text
    assert "| **3 rooms** | 7 | 100 | 4 arrows |" in text


@pytest.mark.parametrize(
    ("module", "line", "names"),
    [
        ("shop.money", "import a.b, c", {"a.b", "c"}),
        ("shop.money", "from a.b import c, d", {"a.b.c", "a.b.d"}),
        ("shop.till.counting", "from . import drawer", {"shop.till.drawer"}),
        ("shop.till.counting", "from ..goods import SIZE", {"shop.goods.SIZE"}),
        ("shop.till.__init__", "from .counting import count", {"shop.till.counting.count"}),
        ("shop.money", "if TYPE_CHECKING:\n    import a.b", {"a.b"}),
        ("shop.money", "def f():\n    return import_module('a.b').c", {"a.b"}),
        ("shop.money", "importlib.import_module('a.b')", {"a.b"}),
        ("shop.money", "import_module(f'a.{name}')", set()),
        ("shop.money", "import_module(name)\nimport_module()", set()),
    ],
)
def test_every_way_to_import_counts(module: str, line: str, names: set[str]) -> None:
    assert set(imported_names(module, line)) == names


def test_a_main_module_on_top_makes_no_cycle() -> None:
    assert cycles(place_graph(TOY)) == []
    assert "no arrow leads back" in rooms(TOY)


def test_a_cycle_is_named_whole() -> None:
    looped = TOY | {
        "shop.goods.__init__": "import shop.stock",
        "shop.stock": "def f():\n    import_module('shop.till.counting')",
    }
    assert cycles(place_graph(looped)) == [["shop.goods", "shop.stock", "shop.till"]]
    text = rooms(looped)
    assert "- `shop.goods`, `shop.stock`, `shop.till`" in text
    assert "no arrow leads back" not in text


def test_a_stale_page_is_noticed_and_redrawn() -> None:
    page = drawn(EMPTY_PAGE, TOY)
    assert page != EMPTY_PAGE
    assert drawn(page, TOY) == page
    assert page.endswith("<!-- end -->\n\nThe end.\n")
    for changed in (
        TOY | {"shop.goods.shelves": ""},
        TOY | {"shop.goods.__init__": "import shop.till"},
        TOY | {"shop.money": "x = 1\n" * 200},
    ):
        assert drawn(page, changed) != page


def test_a_small_edit_leaves_the_page_as_it_is() -> None:
    page = drawn(EMPTY_PAGE, TOY)
    assert drawn(page, TOY | {"shop.money": "import decimal\nPENCE = 100\n"}) == page


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        drawn("# Shop\n", TOY)


def test_sources_are_those_of_the_product(tmp_path: Path) -> None:
    for name in (*PACKAGES, "tests"):
        room = tmp_path / name / "room"
        room.mkdir(parents=True)
        (room / "__init__.py").write_text(f"# {name}\n")
        (room / "notes.txt").write_text("no module\n")
    assert read_sources(tmp_path) == {f"{name}.room.__init__": f"# {name}\n" for name in PACKAGES}
