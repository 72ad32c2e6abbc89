"""Makers of the reports on nodes and topics: topics, contact, order, loss, journeys."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from hotline.durations import MenuTimes, UnrecordedError, durations
from hotline.evidence import BadTopicsError, gather, site_topics
from hotline.offers import menu_ways, node_names, offers, options, spots
from hotline.reporting import Context
from ivr.manifest import ManifestError, load_manifest
from ledger.zone import days_from
from menus.findings import hint
from menus.model import Model
from reports import contact as contact_report
from reports import journeys as journeys_report
from reports import loss as loss_report
from reports import order as order_report
from reports import topics as topics_report
from reports.basis import Basis
from reports.layout import Report, Unanswerable
from reports.spans import Span
from reports.topics import Evidence

_SPAN = 4
"""Half-lives that a report on topics looks back without --from: what is older counts 6 %."""


def topics(context: Context) -> Report:
    """Hot topics with their sources."""
    half_life = float(context.asked.options["half_life"])
    basis = _recent(context, half_life)
    evidence = _evidence(context, _model(context), basis)
    return topics_report.topics(evidence, basis, half_life=half_life)


def order(context: Context) -> Report:
    """Menu order against hot topics."""
    asked, model = context.asked, _model(context)
    language = str(asked.options["language"] or model.languages[0])
    if language not in model.languages:
        raise Unanswerable(
            f"没有语言 {language}，有：{', '.join(model.languages)}。"
            f" There is no language {language}; there are {', '.join(model.languages)}."
        )
    times, notes = _times(context, model, language)
    half_life = float(asked.options["half_life"])
    basis = _recent(context, half_life)
    demands = topics_report.demand(_evidence(context, model, basis), half_life=half_life)
    return order_report.order(
        options(model, times),
        demands,
        basis,
        names=menu_ways(model),
        notes=notes,
    )


def _times(
    context: Context, model: Model, language: str
) -> tuple[Mapping[str, MenuTimes], list[str]]:
    try:
        manifest = load_manifest(context.settings.prompts)
        return durations(model, language, manifest), []
    except (ManifestError, UnrecordedError) as error:
        return {}, [str(error)]


def contact(context: Context) -> Report:
    """The contact rate of a day."""
    asked = context.asked
    if asked.first or asked.last:
        raise Unanswerable(
            "接触率只看一天，请用 --day。 The contact rate is that of one day: give --day."
        )
    given = asked.options["day"]
    day: datetime.date = given.date() if given else context.now.date() - datetime.timedelta(days=1)
    if day > context.now.date():
        raise Unanswerable(f"{day} 还没有到。 {day} is yet to come.")
    span = Span(day.isoformat(), day.isoformat())
    counts = context.counts(contact_report.NEEDS, span)
    zone = ZoneInfo(context.settings.zone)
    begin, end = (_midnight(day + datetime.timedelta(days=n), zone) for n in (0, 1))
    versions = {
        digest: None if model is None else offers(model, begin, end)
        for digest, model in _models(context, (count.digest for count in counts))
    }
    return contact_report.contact(
        counts,
        versions,
        context.basis._replace(first=span.first, last=span.last),
        least=int(asked.options["least"]),
    )


def _midnight(day: datetime.date, zone: ZoneInfo) -> int:
    moment = datetime.datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(moment.timestamp() * 1000)


def loss(context: Context) -> Report:
    """The loss of each node."""
    asked = context.asked
    with context.ledger.snapshot():
        counts = context.counts(loss_report.NEEDS)
        visits = context.ledger.visits(
            loss_report.VISITS, asked.first, asked.last, traffic=asked.traffic, channel="voice"
        )
    versions = {
        digest: None if model is None else spots(model)
        for digest, model in _models(context, (visit.digest for visit in visits))
    }
    node = str(asked.options["node"] or "")
    known = {name for found in versions.values() if found for name in found}
    if node and known and node not in known:
        near = hint(node, known)
        raise Unanswerable(
            f"这些日期没有问话的节点 {node}。{near['hint_zh']}"
            f" No node {node} asked anything in this span.{near['hint_en']}"
        )
    return loss_report.loss(
        counts,
        visits,
        versions,
        context.basis,
        node=node,
    )


def journeys(context: Context) -> Report:
    """The ways that dialogues take."""
    asked = context.asked
    channel, depth = str(asked.options["channel"]), int(asked.options["depth"])
    found = context.ledger.trails(asked.first, asked.last, asked.traffic, channel, depth)
    model = context.serving()
    return journeys_report.journeys(
        found,
        {} if model is None else node_names(model),
        context.basis,
        channel=channel,
        depth=depth,
    )


# -- what they share -------------------------------------------------------------------------------


def _model(context: Context) -> Model:
    model = context.serving()
    if model is None:
        raise Unanswerable(
            "没有可用的菜单版本，请运行 hotline check。"
            " No menus version can be read: run hotline check."
        )
    return model


def _models(context: Context, digests: Iterable[str]) -> list[tuple[str, Model | None]]:
    return [(digest, context.model(digest)) for digest in dict.fromkeys(digests)]


def _recent(context: Context, half_life: float) -> Basis:
    """The days asked for; without a first one the last _SPAN half-lives of them that have data."""
    basis, ledger = context.basis, context.ledger
    if basis.first:
        return basis
    counts = ledger.counts(("day",), last=basis.last, traffic=basis.traffic)
    wrapped = ledger.wrap_ups(last=basis.last, traffic=basis.traffic)
    last = max([*(row.day for row in counts), *(row.day for row in wrapped)], default="")
    reach = max(1, round(_SPAN * half_life))
    if not last or reach >= datetime.date.fromisoformat(last).toordinal():
        return basis
    return basis._replace(first=days_from(last, 1 - reach), last=last)


def _evidence(context: Context, model: Model, basis: Basis) -> Evidence:
    try:
        known = site_topics(context.settings.site, model)
    except BadTopicsError as error:
        raise Unanswerable(
            f"topics.yaml 有 {len(error.findings)} 处错误，请运行 hotline check。"
            f" topics.yaml has {len(error.findings)} errors: run hotline check."
        ) from None
    return gather(
        context.ledger,
        known,
        model,
        first=basis.first,
        last=basis.last,
        traffic=basis.traffic,
        today=context.now.date().isoformat(),
    )
