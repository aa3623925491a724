"""Draw the generated parts of `docs/protocol.md` from the code.

`python -m tools.protocol_doc` rewrites them; with `--check` it changes nothing
and exits 1 if the page is stale. What stands between the markers is never
edited by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

from sessionlib.core.decide import RULES
from sessionlib.core.handover import STEPS
from sessionlib.core.member_transitions import TRANSITIONS
from sessionlib.core.rules.common import Rule
from sessionlib.core.timing import DRIFT, Timing
from sessionlib.core.view import Finding, Member

PAGE = Path(__file__).parents[1] / "docs" / "protocol.md"
_BLOCK = re.compile(r"(<!-- drawn: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _words(value: str) -> str:
    return value.replace("_", " ")


def _rule_name(rule: Rule) -> str:
    return f"{rule.__module__.rsplit('.', 1)[-1]}.{rule.__name__}"


def diagram() -> str:
    """The members and their transitions, for a viewer that draws Mermaid."""
    lines = ["```mermaid", "stateDiagram-v2", "  [*] --> standby"]
    lines += [f"  {t.before.value} --> {t.after.value}: {t.cause}" for t in TRANSITIONS]
    lines += ["  standby --> [*]: told to leave, or the session is over"]
    lines += ["  giving_up --> [*]: the store gave no answer, and the session must end"]
    lines += ["  fenced --> [*]: nothing of the workload is left", "```"]
    return "\n".join(lines)


def table() -> str:
    """Which rule answers each pair of member and finding."""
    head = "| " + " | ".join(["", *(_words(member.value) for member in Member)]) + " |"
    rows = [head, "|" + " --- |" * (len(Member) + 1)]
    for finding in Finding:
        cells = [f"`{RULES[member, finding].__name__}`" for member in Member]
        rows.append(f"| **{_words(finding.value)}** | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def rules() -> str:
    """What each rule does, in its own words."""
    known = {_rule_name(rule): rule for rule in RULES.values()}
    return "\n".join(f"- `{name}`: {_prose(known[name])}" for name in sorted(known))


def _prose(rule: Rule) -> str:
    return " ".join((rule.__doc__ or "").split())


def steps() -> str:
    """The phases of a planned move, and what happens if everything dies in one."""
    rows = ["| phase | acts | until | if interrupted |", "| --- | --- | --- | --- |"]
    for phase, step in STEPS.items():
        rows.append(f"| {phase.value} | {step.who} | {step.until} | {step.if_interrupted} |")
    return "\n".join(rows)


def timing() -> str:
    """The durations, their defaults and the inequality with its numbers."""
    plain = Timing()
    rows = ["| duration | default |", "| --- | --- |"]
    rows += [
        f"| `{f.name.removesuffix('_s')}` | {getattr(plain, f.name):g} s |" for f in fields(plain)
    ]
    need = plain.renew_s + 2 * plain.timeout_s + plain.margin_s
    have = plain.ttl_s * (1 - DRIFT)
    patience = plain.patience_s(plain.ttl_s, 0)
    rule = f"`renew + 2 x timeout + margin <= {1 - DRIFT:g} ttl`: {need:g} <= {have:g}."
    holder = f"The holder works for {plain.valid_s:g} s from before it sent its last renewal;"
    challenger = f"the first challenger waits {patience:g} s from when it saw that renewal."
    return "\n".join([*rows, "", rule, holder, challenger])


BLOCKS: Mapping[str, Callable[[], str]] = {
    "diagram": diagram,
    "table": table,
    "rules": rules,
    "steps": steps,
    "timing": timing,
}


def drawn(page: str) -> str:
    """The page with every marked block as the code has it. Raises KeyError for an unknown one."""
    return _BLOCK.sub(lambda m: f"{m[1]}{BLOCKS[m[2]]()}\n{m[3]}", page)


def main(argv: list[str]) -> int:
    """Rewrite or check the page; the exit code."""
    page = PAGE.read_text()
    fresh = drawn(page)
    missing = [name for name in BLOCKS if f"<!-- drawn: {name} -->" not in page]
    if missing:
        sys.stderr.write(f"{PAGE.name} lacks a place for: {', '.join(missing)}\n")
        return 1
    if "--check" not in argv:
        PAGE.write_text(fresh)
        return 0
    if fresh != page:
        sys.stderr.write(f"{PAGE.name} is stale: run `python -m tools.protocol_doc`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
