"""The receivers of notices, with the secrets of their addresses filled in.

An address whose secret isn't here is left out and named; the others are used. Notices are never
a reason not to start. No message holds a value.
"""

from __future__ import annotations

from sessionlib.config import Config
from sessionlib.errors import ConfigError
from sessionlib.notice_urls import filled, names_in, problem
from sessionlib.secret_env import find_secrets


def receivers(config: Config) -> tuple[list[str], list[str]]:
    """The addresses that can be used, and a sentence for each that can't."""
    urls: list[str] = []
    problems: list[str] = []
    for number, setting in enumerate(config.notices.urls):
        try:
            urls.append(_whole(config, setting.get_secret_value(), f"notices.urls[{number}]"))
        except ConfigError as error:
            problems += error.problems
    return urls, problems


def _whole(config: Config, url: str, setting: str) -> str:
    found = find_secrets(names_in(url), config.fleet, setting=setting)
    whole = filled(url, found)
    # A secret that brings a reference with it is taken as it is: it isn't looked up again.
    wrong = problem(whole) if names_in(url) and "${" not in whole else None
    if wrong is not None:
        raise ConfigError([f"{setting}: with its variables filled in it {wrong}"])
    return whole
