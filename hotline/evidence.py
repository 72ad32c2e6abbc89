"""What the record and the site know of what people ask about: the evidence of hot topics."""

from __future__ import annotations

from pathlib import Path

from hotline.offers import leaf_names
from ledger.ledger import Ledger
from menus.findings import Finding
from menus.model import Model
from menus.topics import Topics, load_topics
from reports.layout import Word
from reports.topics import NEEDS, Code, Evidence


class BadTopicsError(ValueError):
    """The site's topics.yaml can't be used; `findings` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


def site_topics(site: Path, model: Model) -> Topics:
    """The topics of a site; one without topics.yaml has none. Raises BadTopicsError."""
    topics, found = load_topics(site, model)
    if topics is not None:
        return topics
    if [finding.code for finding in found] == ["no_file"]:
        return Topics({})
    raise BadTopicsError(found)


def gather(
    ledger: Ledger,
    topics: Topics,
    model: Model,
    *,
    first: str = "",
    last: str = "",
    traffic: str = "real",
    today: str = "",
) -> Evidence:
    """What the days `first` to `last` ("" = no bound) tell, of the leaves of a model.

    Repeat contacts are known of the days before `today` (default: the last day of the record).
    """
    texted = ledger.texted(first, last, traffic)
    asked = {row.text: topic.code for row in texted if (topic := topics.of_text(row.text))}
    return Evidence(
        leaf_names(model),
        ledger.counts(NEEDS, first, last, of="request", traffic=traffic),
        ledger.wrap_ups(first, last, traffic),
        texted,
        ledger.repeats(first, last, traffic, today),
        {
            code: Code(Word(code, topic.names["zh-CN"], topic.names["en"]), topic.leaf)
            for code, topic in topics.codes.items()
        },
        asked,
    )
