"""The closed schema of menus.yaml and of codebooks, format 1, and its JSON Schema for editors."""

from __future__ import annotations

from typing import Any

from dialog.fields import FAULTS, TYPES
from dialog.outcomes import DECLINED, REASONS, REFUSED_REASONS, UNKNOWN
from dialog.values import MEASURES
from menus.shape import BadWordError, Either, Record, Rows, Shape, Table, Word
from menus.shape import json_schema as _json_schema

WORDS = (
    "welcome",
    "goodbye",
    "choice",
    "agent_label",
    "repeat_label",
    "back_label",
    "slow",
    "ask_number",
    "ask_number_again",
    "ask_password",
    "ask_password_again",
    "confirm_again",
    "confirm_no_input",
    "confirmed_late",
    "more_by_sms",
    "help",
    "stopped",
    "step_limit",
    "list_hint",
    "did_you_mean",
    "one_at_a_time",
    "order_void",
    "started",
    "for_others",
)
"""The roles of file-wide texts; all are required."""

ROUTED = (DECLINED, UNKNOWN, *REASONS)
"""What `outcomes` and a node's `on` may give a text to."""


def _boolean(text: str) -> bool:
    return text.lower() in ("yes", "true")


def _milliseconds(text: str) -> int:
    return round(float(text) * 1000)


def _positive(text: str) -> int:
    if int(text) < 1:
        raise BadWordError(text)
    return int(text)


def _second(text: str) -> int:
    hours, minutes, *rest = (int(part) for part in text.split(":"))
    second = hours * 3600 + minutes * 60 + (rest[0] if rest else 0)
    if minutes > 59 or (rest and rest[0] > 59) or second > 86_400:
        raise BadWordError(text)
    return second


_ID_PATTERN = r"[a-z][a-z0-9_]*"
NODE = Word("节点名（小写字母、数字、下划线）", "a node id (a-z, 0-9, _)", _ID_PATTERN)
NEXT = Word("节点名，或 end", "a node id, or `end`", _ID_PATTERN)
TEXT_ID = Word("文本名（小写字母、数字、下划线）", "a text id (a-z, 0-9, _)", _ID_PATTERN)
NAME_ID = Word("名字（小写字母、数字、下划线）", "a name id (a-z, 0-9, _)", _ID_PATTERN)
CONSTANT = Word("常量值", "a constant's value", r"[A-Za-z0-9][A-Za-z0-9_.-]*", also=("integer",))
LANGUAGE = Word(
    "语言代码，例如 zh-CN", "a language tag such as zh-CN", r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*"
)
WORDING = Word("文字", "some text", r"[\s\S]+", also=("number", "boolean"))
SPELLING = Word("代码的写法", "a spelling", r"[\s\S]+", also=("integer", "boolean"))
KEY = Word(
    "一个按键（0-9、*、#，加引号）", "one key (0-9, *, #; quoted)", r"[0-9*#]", also=("integer",)
)
CALLED = Word("号码", "a number", r"\+?[0-9]{3,15}", also=("integer",))
FORMAT = Word("1", "1", "1", also=("integer",))
BOOLEAN = Word(
    "yes 或 no",
    "yes or no",
    oneof=(
        "yes",
        "no",
        "true",
        "false",
        "Yes",
        "No",
        "True",
        "False",
        "YES",
        "NO",
        "TRUE",
        "FALSE",
    ),
    convert=_boolean,
    also=("boolean",),
)
COUNT = Word("正整数", "a positive number", r"[0-9]{1,5}", convert=_positive, also=("integer",))
SECONDS = Word(
    "秒数", "seconds", r"[0-9]{1,3}(?:\.[0-9]{1,3})?", convert=_milliseconds, also=("number",)
)
TIME = Word(
    "时刻 HH:MM 或 HH:MM:SS",
    "a time, HH:MM or HH:MM:SS",
    r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?",
    convert=_second,
)
INSTANT = Word(
    "日期 YYYY-MM-DD，可加 HH:MM:SS",
    "a day, YYYY-MM-DD, a time HH:MM:SS may follow",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?",
)
LEAF = Word(
    "节点名，可加 /常量",
    "a node id, then / and its constants",
    r"[a-z][a-z0-9_]*(?:/[A-Za-z0-9][A-Za-z0-9_.-]*)*",
)
CODE_LEAF = Word(
    "节点名，可加 /常量；/* 表示后面跟业务名称",
    "a node id, then / and its constants; /* for a service's name behind it",
    r"[a-z][a-z0-9_]*(?:/(?:\*|[A-Za-z0-9][A-Za-z0-9_.-]*))*",
)
FILTER_WORD = Word("一个词", "a word", r"\+?[A-Za-z0-9_.-]+", also=("integer",))
ROUTE = Word("结果或原因", "an outcome or a reason", oneof=ROUTED)


def _one(zh: str, en: str, *words: str) -> Word:
    return Word(zh, en, oneof=words)


FILTER = Record(
    {
        "called": Rows(CALLED, 1),
        "operator": Rows(FILTER_WORD, 1),
        "brand": Rows(FILTER_WORD, 1),
        "province": Rows(FILTER_WORD, 1),
        "tier": Rows(_one("客户级别", "a tier", "silver", "gold", "diamond", "supreme"), 1),
        "roaming": Rows(_one("漫游状态", "a roaming state", "home", "abroad", "unknown"), 1),
    }
)
VALID = Record({"from": INSTANT, "to": INSTANT})
BY_LEAF = Either(
    TEXT_ID,
    Table(
        Word("default 或常量值", "default, or constants", r"[A-Za-z0-9][A-Za-z0-9_./-]*"),
        TEXT_ID,
        1,
    ),
)
RESERVED = Table(KEY, _one("保留键的功能", "a reserved key's function", "agent", "repeat", "back"))
_TRIES: dict[str, Shape] = {
    "most": COUNT,
    "no_input": Rows(TEXT_ID, 1),
    "no_match": Rows(TEXT_ID, 1),
    "then": NEXT,
    "first_seconds": SECONDS,
    "between_seconds": SECONDS,
}
_CONSTANTS = Rows(Word("常量名", "a constant's name", _ID_PATTERN))
_FAULT = _one("字段错误", "a fault of a field", *FAULTS)
FIELD = Record(
    {
        "type": _one("字段类型", "a field type", *TYPES),
        "ask": TEXT_ID,
        "again": Rows(TEXT_ID),
        "faults": Table(_FAULT, TEXT_ID),
        "optional": BOOLEAN,
    },
    ("type", "ask"),
)
FIELDS = Table(Word("字段名", "a field's name", _ID_PATTERN), FIELD)
_NODE: dict[str, Shape] = {
    "reserved": RESERVED,
    "tries": Record(_TRIES),
    "for": FILTER,
    "valid": VALID,
    "agent": NODE,
}
CHOICE = Record(
    {
        "key": KEY,
        "label": TEXT_ID,
        "to": NODE,
        "with": Table(Word("常量名", "a constant's name", _ID_PATTERN), CONSTANT),
        "for": FILTER,
        "valid": VALID,
    },
    ("key", "label", "to"),
)
OWN = Record(
    {"intro": TEXT_ID, "of": Rows(NODE, 1), "keys": Rows(KEY, 1), "least": COUNT},
    ("intro", "of", "keys", "least"),
)
MENU = Record(
    {
        **_NODE,
        "intro": TEXT_ID,
        "own": OWN,
        "choices": Rows(CHOICE, 1),
        "sets": _one("language", "language", "language"),
    },
    ("intro", "choices"),
)
FORM = Record({**_NODE, "constants": _CONSTANTS, "fields": FIELDS, "to": NODE}, ("fields", "to"))
ACTION = Record(
    {
        **_NODE,
        "query": Word("动作名", "an action's name", _ID_PATTERN),
        "order": Word("动作名", "an action's name", _ID_PATTERN),
        "verify": Word("动作名", "an action's name", _ID_PATTERN),
        "constants": _CONSTANTS,
        "fields": FIELDS,
        "password": _one("never 或 always", "never or always", "never", "always"),
        "confirm": TEXT_ID,
        "answer": BY_LEAF,
        "accepted": TEXT_ID,
        "on": Table(ROUTE, TEXT_ID),
        "receipt": BY_LEAF,
        "slow": TEXT_ID,
        "pick": NODE,
        "subject": BOOLEAN,
        "next": NEXT,
    }
)
MESSAGE = Record(
    {
        **_NODE,
        "text": TEXT_ID,
        "files": _one("complaint", "complaint", "complaint"),
        "next": NEXT,
    },
    ("text",),
)
TRANSFER = Record(
    {
        **_NODE,
        "topic": Word("人工队列", "a queue's name", r"[a-z0-9][a-z0-9_-]*"),
        "say": TEXT_ID,
        "busy": Table(
            _one("转接结果", "how the transfer ended", "busy", "no_answer", "failed"), TEXT_ID
        ),
        "next": NEXT,
    },
    ("topic", "say"),
)
WINDOW = Record(
    {
        "for": FILTER,
        "books": Rows(NODE, 1),
        "reason": _one("拒绝的原因", "a reason of refusal", *REFUSED_REASONS),
        "days": _one("month_end", "month_end", "month_end"),
        "from": TIME,
        "to": TIME,
        "kinds": Rows(_one("query 或 change", "query or change", "query", "change"), 1),
        "valid": VALID,
    },
    ("reason",),
)
_NAMES = Table(LANGUAGE, WORDING)
MENUS = Record(
    {
        "format": FORMAT,
        "zone": Word(
            "时区，例如 Asia/Shanghai", "a time zone such as Asia/Shanghai", r"[A-Za-z0-9_+/-]+"
        ),
        "languages": Rows(LANGUAGE, 1),
        "called": Table(
            CALLED,
            Record(
                {
                    "language": LANGUAGE,
                    "operator": FILTER_WORD,
                    "instead": Table(TEXT_ID, TEXT_ID, 1),
                }
            ),
            1,
        ),
        "start": Record({"voice": NODE}, ("voice",)),
        "defaults": Record(
            {
                "reserved": RESERVED,
                "tries": Record(_TRIES, ("most", "no_input", "no_match")),
                "next": NEXT,
                "step_limit": COUNT,
            },
            ("tries",),
        ),
        "agent": NODE,
        "words": Record(dict.fromkeys(WORDS, TEXT_ID), WORDS),
        "answers": Record({"yes": Rows(SPELLING, 1), "no": Rows(SPELLING, 1)}, ("yes", "no")),
        "system_words": Record(
            {"stop": Rows(SPELLING), "start": Rows(SPELLING), "help": Rows(SPELLING)}
        ),
        "courtesy": Record({"before": Rows(SPELLING), "after": Rows(SPELLING)}),
        "books": Rows(
            Record({"use": NODE, "for": FILTER, "valid": VALID, "over": Rows(NODE, 1)}, ("use",))
        ),
        "windows": Rows(WINDOW),
        "menus": Table(NODE, MENU),
        "forms": Table(NODE, FORM),
        "actions": Table(NODE, ACTION),
        "messages": Table(NODE, MESSAGE),
        "transfers": Table(NODE, TRANSFER),
        "outcomes": Table(ROUTE, TEXT_ID),
        "faults": Table(_one("字段类型", "a field type", *TYPES), Table(_FAULT, TEXT_ID)),
        "names": Table(NAME_ID, _NAMES),
        "measures": Table(_one("量词", "a measure", *MEASURES), _NAMES),
        "texts": Table(TEXT_ID, Table(LANGUAGE, WORDING, 1, {"sms": Table(LANGUAGE, WORDING, 1)})),
    },
    (
        "format",
        "zone",
        "languages",
        "called",
        "start",
        "defaults",
        "words",
        "answers",
        "outcomes",
        "texts",
    ),
)
CODEBOOK = Record(
    {
        "format": FORMAT,
        "book": NODE,
        "title": WORDING,
        "source": WORDING,
        "codes": Rows(
            Record(
                {
                    "spell": Rows(SPELLING, 1),
                    "any": BOOLEAN,
                    "leaf": CODE_LEAF,
                    "confirms": SPELLING,
                    "params": Rows(Word("字段名", "a field's name", _ID_PATTERN)),
                    "for": FILTER,
                    "valid": VALID,
                },
            ),
            1,
        ),
    },
    ("format", "book", "codes"),
)
TOPICS = Record(
    {
        "format": FORMAT,
        "codes": Table(
            Word("小结代码", "a wrap-up code", r"[A-Za-z0-9_.-]{1,32}", also=("integer",)),
            Record(
                {
                    "zh-CN": WORDING,
                    "en": WORDING,
                    "leaf": LEAF,
                    "texts": Rows(SPELLING, 1),
                },
                ("zh-CN", "en"),
            ),
            1,
        ),
    },
    ("format", "codes"),
)


def json_schema(shape: Shape = MENUS, title: str = "menus.yaml") -> dict[str, Any]:
    """The JSON Schema of menus.yaml or, by its shape and title, of another file of a site."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Hotline {title}, format 1",
        **_json_schema(shape),
    }
