"""A small checked model made by hand: a menu, a form, an action, a message and a transfer."""

from typing import Any

from menus.model import (
    Action,
    Choice,
    Field,
    Form,
    Menu,
    Message,
    Model,
    Node,
    Place,
    Text,
    TransferNode,
    Tries,
)
from menus.template import parse

HERE = Place("menus.yaml", 1)
TRIES = Tries(3, ("quiet",), ("wrong",), "give_up")


def make_texts(**wording: str) -> dict[str, Text]:
    """Texts by id from their Chinese wording; the English one is made up."""
    return {
        id_: Text(id_, {"zh-CN": parse(zh), "en": parse(f"{id_} {{balance}}.")}, {}, HERE)
        for id_, zh in wording.items()
    }


def small_model() -> Model:
    """Two languages, every kind of node, and one node that no call reaches."""
    node: dict[str, Any] = {
        "place": HERE,
        "reserved": {},
        "tries": TRIES,
        "filter": None,
        "constants": (),
    }
    ask = Field("month", "month", "ask_month", HERE, ("ask_again",), {"malformed": "bad_month"})
    nodes: list[Node] = [
        Menu("main", "menu", **node, next="", intro="intro", choices=(
            Choice("1", "label", "form", {}, HERE),
            Choice("2", "label_bye", "goodbye", {}, HERE),
        )),
        Form("form", "form", **node, next="", fields=(ask,), to="balance"),
        Action("balance", "action", **node, next="goodbye", does="query", name="balance",
               fields=(), password="never", confirm="", answers={"": "balance_is"},
               on={"roaming": "abroad", "abandoned": "unheard"}, subject=True, slow="slow",
               receipts={"": "receipt"}),
        Message("goodbye", "message", **node, next="", text="bye"),
        Message("give_up", "message", **node, next="agent_general", text="gave_up"),
        TransferNode("agent_general", "transfer", **node, next="main", topic="general",
                     say="to_agent", busy={"busy": "agent_busy"}),
        Message("by_text", "message", **node, next="", text="unreached"),
    ]  # fmt: skip
    texts = make_texts(
        balance_is="您的余额为{balance}，截至{day}。", intro="欢迎", help="发送…", stopped="已退订",
        list_hint="回复", welcome="您好", choice="{label}，请按{key}", sorry="抱歉",
        unheard="听不到", abroad="境外", quiet="没有听到", wrong="没有这个键",
        ask_month="请输入月份", ask_again="例如01", bad_month="月份有误",
        label="查余额", label_bye="结束", slow="请稍候",
        receipt="已开通", bye="再见", gave_up="转人工", to_agent="正在转接", agent_busy="忙",
        unreached="到不了",
    )  # fmt: skip
    return Model(
        digest="d1",
        zone="Asia/Shanghai",
        languages=("zh-CN", "en"),
        called_language={"10086": "zh-CN"},
        called=("10086",),
        start={"voice": "main"},
        nodes={n.id: n for n in nodes},
        texts=texts,
        names={"gprs": {"zh-CN": "上网", "en": "mobile data"}},
        outcomes={"backend_error": "sorry", "unknown_command": "unheard"},
        words={w: w for w in ("help", "stopped", "list_hint", "welcome", "choice")},
        codes={},
        books=(),
        windows=(),
        system_words={},
        yes=frozenset(),
        no=frozenset(),
        measures={"day": {"zh-CN": "天", "en": "days"}},
        faults={},
        step_limit=100,
    )
