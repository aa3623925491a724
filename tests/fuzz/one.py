"""One target under libFuzzer, in a process of its own: libFuzzer ends the process.

    python -m tests.fuzz.one ROOM TARGET ALSO LIBFUZZER-ARGUMENTS...

Started by `python -m tests.fuzz`, which chooses the arguments. ROOM is the module of
the target. ALSO names libraries that are instrumented beside the product, with
commas between. The product is imported here and nowhere before, for what is imported
already can't be instrumented.
"""

from __future__ import annotations

import random
import sys
from importlib import import_module

import atheris
from atheris.import_hook import instrument_imports

from tests.fuzz import mutating


def main() -> None:
    room, name, also, *arguments = sys.argv[1:]
    with instrument_imports(include=["sessionlib", "console", *filter(None, also.split(","))]):
        module = import_module(room)
    target = next(one for one in module.TARGETS if one.name == name)

    def judged(data: bytes) -> None:
        target.accepts(data)

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        made = mutating.changed(data, chance) if chance.random() < 0.5 else None
        return atheris.Mutate(data, most) if made is None else made[:most]

    more = {"custom_mutator": mutated} if target.mutator == "json" else {}
    atheris.Setup([sys.argv[0], *arguments], judged, **more)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
