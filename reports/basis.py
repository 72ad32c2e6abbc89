"""What a report stands on: traffic, days, filter, as-of time; told with every figure."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from reports.layout import Filter, Word

FACTS = {
    "traffic": Word("traffic", "话务", "traffic"),
    "from": Word("from", "起", "from"),
    "to": Word("to", "止", "to"),
    "days": Word("days", "有数据的日期", "days with data"),
    "as_of": Word("as_of", "统计时间", "as of"),
    "causes": Word("causes", "归因表版本", "version of the causes"),
    "rate": Word("rate", "指标", "rate"),
    "target": Word("target", "目标", "target"),
    "baseline": Word("baseline", "基准", "baseline"),
    "centre": Word("centre", "中心线", "centre"),
    "sigma_z": Word("sigma_z", "日间离散 σz", "spread of points, σz"),
    "a": Word("a", "A", ""),
    "b": Word("b", "B", ""),
    "version": Word("version", "菜单版本", "menus version"),
    "channel": Word("channel", "渠道", "channel"),
    "called": Word("called", "被叫号码", "number called"),
    "brand": Word("brand", "品牌", "brand"),
    "node": Word("node", "节点", "node"),
    "service": Word("service", "业务", "service"),
    "leaf": Word("leaf", "末端", "leaf"),
    "kind": Word("kind", "类型", "kind"),
    "keyword": Word("keyword", "指令", "keyword"),
    "half_life": Word("half_life", "半衰期（天）", "half-life (days)"),
    "least": Word("least", "至少成功次数", "done at least"),
    "from_subscribers": Word("from_subscribers", "至少几个用户", "subscribers at least"),
    "contact_rate": Word("contact_rate", "节点接触率", "node contact rate"),
    "depth": Word("depth", "层数", "depth"),
    "language": Word("language", "录音语言", "language of the audio"),
    "calls_a_day": Word("calls_a_day", "每天通话", "calls a day"),
    "requests": Word("requests", "需求来源", "demand from"),
    "calls_looked_at": Word("calls_looked_at", "查看按键的通话", "calls whose keys were looked at"),
    "against": Word("against", "对照文件", "against"),
    "calls": Word("calls", "通话", "calls"),
}
"""How the facts of all reports are called; one that is not here stands under its own name."""


class Basis(NamedTuple):
    """What was asked for and when it was counted.

    `as_of` is when the counts were taken, in the site's zone: it decides which requests have been
    unknown for too long. `first` and `last` name the local days that were asked for ("" = no
    bound), `where` the dimensions that the counts were kept by. `days` are those with counts, where
    the counts themselves don't tell.
    """

    traffic: str
    as_of: datetime.datetime
    first: str = ""
    last: str = ""
    where: Filter = {}
    days: tuple[str, ...] = ()

    def facts(self, days: Iterable[str] = (), **more: str) -> dict[str, str]:
        """The facts of a report; `days` are those of its counts, `more` its own facts."""
        seen = sorted({*self.days, *days})
        return {
            "traffic": self.traffic,
            "from": self.first,
            "to": self.last,
            "days": f"{seen[0]} – {seen[-1]}" if seen else "",
            "as_of": self.as_of.isoformat(timespec="seconds"),
            **more,
            **{name: str(value) for name, value in self.where.items()},
        }

    def behind(self, **more: str | int | bool) -> Filter:
        """The filter of the requests behind one of its figures.

        `more` goes before what was asked for; days of its own (from, to) narrow the span.
        """
        first = max(self.first, str(more.pop("from", "")))
        last = min(filter(None, (self.last, str(more.pop("to", "")))), default="")
        span = {name: day for name, day in (("from", first), ("to", last)) if day}
        return {"traffic": self.traffic, **span, **self.where, **more}

    def span(self) -> str:
        """The days that were asked for, as people write a span."""
        return f"{self.first or '…'} – {self.last or '…'}"

    def no_data(self) -> str:
        """The one sentence of a report without any request."""
        return self._none("申请，无法计算失败率", "No requests", ": there is no rate to show")

    def no_texts(self) -> str:
        """The one sentence of a report without any unknown text."""
        return self._none("不认识的短信", "No texts that spelt no code")

    def _none(self, chinese: str, english: str, end: str = "") -> str:
        hint = ""
        if self.traffic == "real":
            hint = "；命令行产生的是 rehearsal (commands write rehearsal)"
        kept = "".join(f" {name}={value}" for name, value in self.where.items())
        return (
            f"{self.span()}{kept} 没有 {self.traffic} 流量的{chinese}。 {english} of "
            f"{self.traffic} traffic in this span{end}{hint}."
        )
