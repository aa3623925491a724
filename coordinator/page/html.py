"""How the status page looks, made whole on the server.

A browser without scripts shows the same, and looks again by itself. Times are in UTC until the
script puts them into the reader's own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from coordinator.page.model import DAYS, PageModel, PastMove, ServiceStatus

REFRESH_S = 5
_SAYS = {
    ServiceStatus.UP: ("Up", "The service is running."),
    ServiceStatus.MOVING: (
        "Moving",
        "The service is moving to another machine, and will be back shortly.",
    ),
    ServiceStatus.DOWN: (
        "Down",
        "The service isn't running at the moment. It is brought back, if it can be.",
    ),
}
_UNHEARD = (
    "There is no answer to this page just now. What stands below is what was known last, "
    "and may be no longer true."
)
_BAR, _GAP, _HEIGHT = 16, 6, 56
_COUNT = 13
"""The room above the highest bar, for its number."""


def render_page(seen: PageModel) -> str:
    """The whole document."""
    title = escape(_SAYS[seen.status][0])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - status</title>
<link rel="icon" href="/page/icon.svg">
<link rel="stylesheet" href="/page/style.css">
<noscript><meta http-equiv="refresh" content="{REFRESH_S * 3}"></noscript>
<script src="/page/page.js" defer></script>
</head>
<body>
<p class="unheard" role="status" hidden>{_UNHEARD}</p>
{render_fragment(seen)}
</body>
</html>
"""


def render_fragment(seen: PageModel) -> str:
    """What changes: the script puts it in place of the one before."""
    head, says = _SAYS[seen.status]
    parts = [
        f'<main data-word="{seen.status.value}" data-every="{REFRESH_S}">',
        f'<h1><span class="lamp" aria-hidden="true"></span>{head}</h1>',
        f'<p class="says">{says}</p>',
        "<dl>",
        _fact("In its place since", "-" if seen.since is None else _time(seen.since)),
        _fact("Next move", _coming(seen)),
        "</dl>",
    ]
    if seen.has_address:
        parts.append('<p><a class="go" href="/go/">Open the service</a></p>')
    parts += [_chart(seen), _latest(seen.latest_moves)]
    parts.append(f'<p class="as-of">As of {_time(seen.now)}</p></main>')
    return "\n".join(parts)


def _fact(name: str, value: str) -> str:
    return f"<div><dt>{name}</dt><dd>{value}</dd></div>"


def _coming(seen: PageModel) -> str:
    if seen.status is ServiceStatus.MOVING:
        return "now"
    return "none within the hour" if seen.move_at is None else f"about {_time(seen.move_at)}"


def _chart(seen: PageModel) -> str:
    most = max(1, *seen.days)
    total = sum(seen.days)
    width = DAYS * (_BAR + _GAP) - _GAP
    bars = []
    for number, count in enumerate(seen.days):
        height = 2 if count == 0 else max(6, round(count / most * _HEIGHT))
        kind = "none" if count == 0 else "some"
        left, top = number * (_BAR + _GAP), _COUNT + _HEIGHT - height
        bars.append(
            f'<rect class="{kind}" x="{left}" y="{top}" width="{_BAR}" height="{height}" rx="2">'
            f"<title>{_ago(DAYS - 1 - number)}: {count}</title></rect>"
        )
        if count:
            bars.append(f'<text x="{left + _BAR // 2}" y="{top - 4}">{count}</text>')
    label = f"{total} moves in the last {DAYS} days, {seen.days[-1]} of them in the last 24 hours"
    return (
        f'<figure><svg viewBox="0 0 {width} {_COUNT + _HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(bars)}</svg><figcaption>Moves a day, over {DAYS} days: {total} in all"
        "</figcaption></figure>"
    )


def _ago(days: int) -> str:
    if days == 0:
        return "the last 24 hours"
    return "a day before" if days == 1 else f"{days} days before"


def _latest(moves: tuple[PastMove, ...]) -> str:
    if not moves:
        return '<p class="quiet">It hasn\'t moved yet.</p>'
    rows = [
        f"<tr><td>{_time(move.at)}</td><td>{'planned' if move.planned else 'unplanned'}</td>"
        f"<td>{_length(move.downtime_s)}</td></tr>"
        for move in moves
    ]
    head = "<tr><th>Moved</th><th>How</th><th>Away for</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _length(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _time(wall_s: float) -> str:
    at = datetime.fromtimestamp(wall_s, UTC)
    machine = at.isoformat(timespec="seconds")
    return f'<time datetime="{machine}">{at.strftime("%Y-%m-%d %H:%M:%S")} UTC</time>'
