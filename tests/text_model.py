"""A model of a few texts, for tests of the parts that only write them."""

from __future__ import annotations

from collections.abc import Mapping

from menus.model import Model, Place, Text
from menus.template import parse

HERE = Place("menus.yaml", 1)

NAMES = {
    "caller_id": {"zh-CN": "来电显示", "en": "caller ID"},
    "cycle_month": {"zh-CN": "每月", "en": "a month"},
    "beijing": {"zh-CN": "北京", "en": "Beijing"},
}
MEASURES = {
    "message": {"zh-CN": "条", "en": "messages"},
    "minute": {"zh-CN": "分钟", "en": "minutes"},
    "point": {"zh-CN": "分", "en": "points"},
    "item": {"zh-CN": "项", "en": "items"},
    "day": {"zh-CN": "天", "en": "days"},
}


def text(
    text_id: str, voice: Mapping[str, str], sms: Mapping[str, str] | None = None
) -> tuple[str, Text]:
    """A text of the file, under its id."""
    return text_id, Text(
        text_id,
        {language: parse(words) for language, words in voice.items()},
        {language: parse(words) for language, words in (sms or {}).items()},
        HERE,
    )


def model(*texts: tuple[str, Text]) -> Model:
    """A model that holds these texts and a few names."""
    return Model(
        digest="d",
        zone="Asia/Shanghai",
        languages=("zh-CN", "en"),
        called_language={},
        called=("10086",),
        start={},
        nodes={},
        texts=dict(texts),
        names=NAMES,
        outcomes={},
        words={},
        codes={},
        books=(),
        windows=(),
        system_words={},
        yes=frozenset(),
        no=frozenset(),
        measures=MEASURES,
        step_limit=100,
        faults={},
    )
