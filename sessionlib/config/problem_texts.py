"""The sentences that a user reads when a setting can't be used, each with its fix."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sessionlib.config.schema import Settings
from sessionlib.config.yaml_document import ConfigProblem, Where, YamlDocument

_EXAMPLES: dict[Where, str] = {
    ("fleet",): "fleet: my-fleet",
    ("store",): "store: {kind: folder, path: VPS_Shared}",
    ("accounts",): ("accounts: {ada: {email: ada@example.com, role: main_worker, priority: 1}}"),
    ("workload",): "workload: {command: [python, server.py]}",
    ("workload", "command"): "command: [python, server.py]",
    ("email",): "email: name@example.com",
    ("role",): "role: hot_standby",
    ("priority",): "priority: 2",
}


_LISTS: dict[Where, str] = {("secrets",): "[NAME]", ("urls",): '["${NAME}"]'}
_HOLDS_SECRETS: Where = ("notices",)
HIDDEN = "…"


def schema_problems(error: ValidationError, document: YamlDocument) -> list[ConfigProblem]:
    """What the schema rejected, each with its line."""
    return [
        _problem(item, document) for item in error.errors(include_url=False, include_context=True)
    ]


def format_problem(file: str, problem: ConfigProblem) -> str:
    """`accounts.yaml:7: accounts.bob.role: …`."""
    place = f"{file}:{problem.line}" if problem.line else file
    name = dotted_name(problem.where)
    return f"{place}: {name}: {problem.text}" if name else f"{place}: {problem.text}"


def dotted_name(where: Where) -> str:
    """`workload.command[1]`."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part:.80}"
    return text.removeprefix(".")


def _problem(item: ErrorDetails, document: YamlDocument) -> ConfigProblem:
    where: Where = tuple(part for part in item["loc"] if part != "[key]")
    if where[:1] == _HOLDS_SECRETS:
        where, item = _without_values(where, item)
    word = _WORDS.get(item["type"], _quote)
    return ConfigProblem(document.line_of(where), where, word(where, item, document))


def _without_values(where: Where, item: ErrorDetails) -> tuple[Where, ErrorDetails]:
    """The problem without anything that was written there: an address may hold a password,
    also where it stands in a wrong place."""
    if isinstance(item["input"], str | int | float):
        item["input"] = HIDDEN
    is_name = all(isinstance(part, int) or part.isidentifier() for part in where)
    return (where if is_name else (*where[:1], HIDDEN)), item


def _missing(where: Where, _item: ErrorDetails, document: YamlDocument) -> str:
    example = _EXAMPLES.get(where) or _EXAMPLES.get(where[-1:]) or f"{where[-1]}: …"
    return f'is {"empty" if where in document.lines else "missing"}: add "{example}"'


def _unknown(where: Where, _item: ErrorDetails, _document: YamlDocument) -> str:
    known = _known_at(where[:-1])
    close = get_close_matches(str(where[-1]), known, n=1)
    fix = f'did you mean "{close[0]}"?' if close else f"here go {', '.join(known)}"
    return f"is not a setting: {fix}"


def _known_at(where: Where) -> list[str]:
    """The names of the settings that may stand in the section at `where`."""
    section: Any = Settings
    for part in where:
        if isinstance(section, type) and issubclass(section, BaseModel):
            section = _fields(section)[str(part)]
        elif get_origin(section) is dict:
            section = get_args(section)[1]
    return list(_fields(section))


def _fields(section: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in section.model_fields.items()}


def _not_one_of(_where: Where, item: ErrorDetails, _document: YamlDocument) -> str:
    offered = item["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
    return f"{shown(item['input'])} is not one of {offered}"


def _not_text(_where: Where, item: ErrorDetails, _document: YamlDocument) -> str:
    value = item["input"]
    fix = "write one text" if isinstance(value, dict | list) else "put it in quotes"
    return f"is {shown(value)}, not text: {fix}"


def _not_section(where: Where, item: ErrorDetails, _document: YamlDocument) -> str:
    if not where:
        return "holds no settings: remove it, and `colabvps-console init` makes one to start from"
    return f"is {shown(item['input'])}, not settings: write them indented below it, one a line"


def _not_list(where: Where, item: ErrorDetails, _document: YamlDocument) -> str:
    example = _LISTS.get(where[-1:], "[python, server.py]")
    return f"is {shown(item['input'])}, not a list: write it as {example}"


def _not_number(_where: Where, item: ErrorDetails, _document: YamlDocument) -> str:
    return f"is {shown(item['input'])}: write a plain number, as 1 or 10"


def _out_of_bounds(_where: Where, item: ErrorDetails, _document: YamlDocument) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most"}
    name, bound = next((name, item["ctx"][name]) for name in words if name in item["ctx"])
    return f"is {shown(item['input'])}: it must be {words[name]} {bound:g}"


def _too_long(_where: Where, item: ErrorDetails, _document: YamlDocument) -> str:
    most, has = item["ctx"]["max_length"], item["ctx"]["actual_length"]
    return f"holds {has}: {most} at most"


def _no_account(_where: Where, _item: ErrorDetails, _document: YamlDocument) -> str:
    return f'holds no account: add one, as "{_EXAMPLES[("accounts",)]}"'


def _own_error(_where: Where, item: ErrorDetails, _document: YamlDocument) -> str:
    return str(item["ctx"]["error"])


def _quote(_where: Where, item: ErrorDetails, _document: YamlDocument) -> str:
    return item["msg"]


def shown(value: object) -> str:
    """A value as a sentence about it names it, cut to a length."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value:.60}"'
    if isinstance(value, dict):
        return "a group of settings"
    return "a list" if isinstance(value, list) else "nothing" if value is None else str(value)[:60]


_WORDS: dict[str, Callable[[Where, ErrorDetails, YamlDocument], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "enum": _not_one_of,
    "string_type": _not_text,
    "model_type": _not_section,
    "dict_type": _not_section,
    "tuple_type": _not_list,
    "int_type": _not_number,
    "float_type": _not_number,
    "greater_than": _out_of_bounds,
    "greater_than_equal": _out_of_bounds,
    "less_than_equal": _out_of_bounds,
    "too_long": _too_long,
    "too_short": _no_account,
    "value_error": _own_error,
}
