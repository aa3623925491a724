"""`notify-test`: whether notices arrive."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from console.cli.options import CommandContext, command_context
from console.config_file import find_config
from console.errors import FAILED, Refused
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.errors import ConfigError
from sessionlib.notice_urls import label
from sessionlib.notices.receivers import receivers
from sessionlib.notices.retry_queue import DeliveryAnswer, DeliveryResult
from sessionlib.notices.send_attempt import ProcessSender, why_unavailable
from sessionlib.notices.wording import trial

EXAMPLES = ("colabvps-console notify-test", "colabvps-console notify-test --json")


def run(ctx: typer.Context) -> None:
    """Whom: `notices: {urls: [...]}` in the configuration, addresses as apprise has them.
    It tries each once, from this machine, with the secrets that are here (`${NAME}` is a
    variable, or kept in the keyring). It shows what became of it, without the secrets. A
    fleet's agents send from their own machines, so try it there too. It changes nothing.
    Exit code 1 where a receiver didn't take it, 2 where nobody is named or a secret is missing.
    """
    context = command_context(ctx)
    config = load(find_config(context.config))
    urls = _urls(config)
    why = why_unavailable()
    if why is not None:
        raise Refused(why)
    context.out.message(f"Sending a test notice of {config.fleet} to {len(urls)} …")
    answers = ProcessSender(config.fleet).send(trial(config.fleet), urls)
    _show_results(context, config.fleet, urls, answers)
    if any(answer.fate is not DeliveryResult.TAKEN for answer in answers):
        raise typer.Exit(FAILED)


def _urls(config: Config) -> list[str]:
    """Every address, whole. Raises ConfigError where one can't be used, or none is there."""
    if not config.notices.urls:
        where = config.where("notices", "urls")
        raise ConfigError(
            [f'{where}: notices.urls: names nobody: add one, as "urls: [ntfy://host/topic]"']
        )
    urls, problems = receivers(config)
    if problems:
        raise ConfigError([f"{config.where('notices', 'urls')}: {text}" for text in problems])
    return urls


def _show_results(
    context: CommandContext, fleet: str, urls: Sequence[str], answers: Sequence[DeliveryAnswer]
) -> None:
    rows = [
        {
            "url": label(url),
            "accepted": answer.fate is DeliveryResult.TAKEN,
            "why": answer.why or None,
        }
        for url, answer in zip(urls, answers, strict=True)
    ]
    if context.out.json:
        accepted = all(row["accepted"] for row in rows)
        context.out.document({"fleet": fleet, "accepted": accepted, "receivers": rows})
        return
    for number, row in enumerate(rows, 1):
        said = "accepted" if row["accepted"] else f"not accepted: {row['why']}"
        context.out.line(f"{number}  {row['url']}  {said}", "good" if row["accepted"] else "bad")
