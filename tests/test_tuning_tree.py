"""Trees of menus: bottom-up orders, the lower bound, shortcuts; against brute force."""

from __future__ import annotations

import math
from itertools import combinations, permutations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tuning_order import CASES

from tuning.bound import lower_bound
from tuning.lineup import Exponential, Lineup, Option, keeps_to
from tuning.shortcut_limits import Shortcut
from tuning.shortcuts import best_shortcuts, with_shortcuts
from tuning.tree import (
    Menu,
    Tree,
    best_orders,
    filled,
    kept,
    seconds,
    today,
    worst_orders,
)


def tree_of(root: dict[str, Any]) -> Tree:
    """A worked case's tree."""
    menus: dict[str, Menu] = {}

    def add(node: dict[str, Any]) -> None:
        kids = node["kids"]
        options = tuple(Option(kid["id"], kid.get("w", 0), kid["d"]) for kid in kids)
        below = {kid["id"]: kid["id"] for kid in kids if "kids" in kid}
        menus[node["id"]] = Menu(Lineup(options, node["a"]), below)
        for kid in kids:
            if "kids" in kid:
                add(kid)

    add(root)
    return Tree(root["id"], menus)


def ids(orders: Any) -> dict[str, tuple[str, ...]]:
    """Orders as ids."""
    return {menu: order.ids for menu, order in orders.items()}


def test_c11_a_sub_menu_weighs_what_survives_in_it() -> None:
    """C11: with patience the leaf goes before the sub-menu that more callers want."""
    case, expected = CASES["C11"], CASES["C11"]["expect"]
    tree = tree_of(case["input"]["tree"])
    patience = dict.fromkeys(tree.menus, Exponential(case["input"]["abandon_rate_per_second"]))
    found = ids(best_orders(tree, patience))
    assert list(found["root"]) == expected["best_order_root"]
    assert kept(tree, found, patience) / 110 == pytest.approx(expected["success_best"], abs=5e-10)
    raw = {**found, "root": expected["raw_demand_order_root"]}
    assert ids(best_orders(tree))["root"] == tuple(expected["raw_demand_order_root"])
    assert kept(tree, raw, patience) / 110 == pytest.approx(expected["success_raw"], abs=5e-10)


@st.composite
def trees(draw: st.DrawFn, *, rules: bool = False, most: int = 3) -> Tree:
    """A top with leaves and up to two sub-menus, to one of which two options may lead."""
    n = 0

    def option() -> Option:
        nonlocal n
        n += 1
        listens = draw(st.sampled_from((1, 1, 0.5)))
        times = draw(st.sampled_from((1, 1, 1.5))) if rules else 1
        return Option(f"o{n}", draw(st.integers(0, 30)), draw(st.integers(1, 9)), listens, times)

    def menu(sub: tuple[str, ...] = ()) -> Menu:
        options = tuple(option() for _ in range(draw(st.integers(1, most)))) + tuple(
            option() for _ in sub
        )
        options = tuple(draw(st.permutations(options)))
        to = dict(zip([o.id for o in options], sub, strict=False))
        lineup = Lineup(options, draw(st.integers(0, 4)), barge_in=draw(st.sampled_from((1, 0.75))))
        if draw(st.booleans()):
            lineup = lineup._replace(pins={options[-1].id: -1})
        if rules and len(options) > 2 and draw(st.booleans()):
            lineup = lineup._replace(before=((options[1].id, options[0].id),))
        if rules and len(options) > 2 and draw(st.booleans()):
            lineup = lineup._replace(pins={**lineup.pins, options[0].id: 1})
        if rules and draw(st.booleans()):
            keyed = tuple(o._replace(regulars=o.w / 2, key=o.id) for o in options)
            lineup = lineup._replace(
                options=keyed, keys=tuple(o.id for o in keyed), relearn=draw(st.integers(0, 3))
            )
        return Menu(lineup, to)

    below = draw(st.integers(0, 2))
    subs = tuple(f"m{i}" for i in range(below))
    twice = subs and draw(st.booleans())
    root = menu((*subs, *(subs[:1] if twice else ())))
    if twice:
        two = [id_ for id_, to in root.to.items() if to == subs[0]]
        root = root._replace(share=dict.fromkeys(two, 1 / len(two)))
    return Tree("top", {"top": root, **{sub: menu() for sub in subs}})


@given(trees(rules=True))
@settings(max_examples=60, deadline=None)
def test_the_time_of_a_tree_separates_menu_by_menu(tree: Tree) -> None:
    """The best order of each menu is the best of all combinations, the worst the worst."""
    allowed = {
        id_: [p for p in permutations(menu.lineup.ids) if keeps_to(menu.lineup, p)]
        for id_, menu in tree.menus.items()
    }
    if not all(allowed.values()):
        return
    costs = [
        seconds(tree, dict(zip(allowed, chosen, strict=True)))
        for chosen in product(*(orders[:24] for orders in allowed.values()))
    ]
    found, worst_ = ids(best_orders(tree)), ids(worst_orders(tree))
    assert seconds(tree, found) <= min(costs) + 1e-9
    assert seconds(tree, worst_) >= max(costs) - 1e-9
    if all(len(orders) <= 24 for orders in allowed.values()):
        assert seconds(tree, found) == pytest.approx(min(costs))
        assert seconds(tree, worst_) == pytest.approx(max(costs))


@given(trees(most=2), st.sampled_from((0.02, 0.2)))
@settings(max_examples=60, deadline=None)
def test_patience_bottom_up(tree: Tree, rate: float) -> None:
    """With patience the bottom-up orders keep most callers of all combinations."""
    patience = {id_: Exponential(rate * (n + 1)) for n, id_ in enumerate(tree.menus)}
    allowed = {
        id_: [p for p in permutations(menu.lineup.ids) if keeps_to(menu.lineup, p)]
        for id_, menu in tree.menus.items()
    }
    found = kept(tree, ids(best_orders(tree, patience)), patience)
    for chosen in product(*allowed.values()):
        assert kept(tree, dict(zip(allowed, chosen, strict=True)), patience) <= found + 1e-9


def test_a_menu_that_two_options_lead_to() -> None:
    """Its order is one, and its demand is shared by the ways to it."""
    sub = Menu(Lineup((Option("x", 30, 1), Option("y", 10, 1))))
    top = Menu(
        Lineup((Option("a", 0, 1), Option("b", 0, 1))),
        {"a": "sub", "b": "sub"},
        {"a": 0.25, "b": 0.75},
    )
    tree = Tree("top", {"top": top, "sub": sub})
    assert [o.w for o in filled(tree).menus["top"].lineup.options] == [10, 30]
    assert ids(best_orders(tree))["top"] == ("b", "a")
    assert seconds(tree, today(tree)) == 10 * 1 + 30 * 2 + 30 * 1 + 10 * 2


# -- the lower bound ------------------------------------------------------------------------------


@given(trees(), st.integers(2, 9))
@settings(max_examples=80, deadline=None)
def test_no_tree_is_below_the_bound(tree: Tree, most: int) -> None:
    """The best order of any tree takes at least the bound, if all listen and may interrupt."""
    menus = {
        id_: menu._replace(
            lineup=menu.lineup._replace(
                options=tuple(o._replace(listens=1) for o in menu.lineup.options), barge_in=1
            )
        )
        for id_, menu in tree.menus.items()
    }
    free = tree._replace(menus=menus)
    options = [(o, menu) for menu in menus.values() for o in menu.lineup.options]
    leaves = [(o.w, o.d) for o, menu in options if o.id not in menu.to]
    whole = sum(w for w, _ in leaves)
    widest = max(len(menu.lineup.options) for menu in menus.values())
    least = lower_bound(
        leaves,
        min(menu.lineup.intro for menu in menus.values()),
        min(o.d for o, _ in options),
        max(widest, most),
    )
    best_ = seconds(free, ids(best_orders(free)))
    assert least * whole <= best_ + 1e-6


def test_the_bound_is_met_where_it_can_be() -> None:
    """Two leaves of one length with the odds of the golden ratio: no menu could be better."""
    p = (math.sqrt(5) - 1) / 2  # then exp(-theta) = p, and both leaves' words are exactly as long
    assert lower_bound([(p, 1), (1 - p, 1)], 0, 1, 2) == pytest.approx(p * 1 + (1 - p) * 2)


def test_the_bound_at_its_edges() -> None:
    """No demand, one leaf, and what makes no sense."""
    assert lower_bound([], 3, 2, 9) == 0
    assert lower_bound([(0, 4)], 3, 2, 9) == 0
    assert lower_bound([(7, 4), (0, 9)], 3, 2, 9) == 7
    with pytest.raises(ValueError, match="last some time"):
        lower_bound([(1, 1), (1, 1)], 0, 0, 9)


# -- shortcuts ------------------------------------------------------------------------------------


def candidates_of(tree: Tree) -> list[Shortcut]:
    """All leaves below the top; in two menus a name may be longer at the top."""
    return [
        Shortcut(f"top:{o.id}", id_, o.id, o.d + 1)
        for id_, menu in tree.menus.items()
        if id_ != tree.root
        for o in menu.lineup.options
    ]


@given(trees(rules=True), st.integers(0, 3), st.booleans())
@settings(max_examples=150, deadline=None)
def test_shortcuts_are_the_best_set(tree: Tree, most: int, moved: bool) -> None:
    """Branch and bound finds what trying every set finds."""
    if any(
        not any(keeps_to(m.lineup, p) for p in permutations(m.lineup.ids))
        for m in tree.menus.values()
    ):
        return
    candidates = [
        c
        for c in candidates_of(tree)
        if not moved or not (tree.menus[c.menu].lineup.pins or tree.menus[c.menu].lineup.before)
    ]

    def cost_of(chosen: Any) -> float:
        changed = with_shortcuts(tree, chosen, moved=moved)
        return sum(order.cost for order in best_orders(changed).values())

    sets = [c for n in range(most + 1) for c in combinations(candidates, n)]
    found = best_shortcuts(tree, candidates, most, moved=moved)
    assert found.cost == pytest.approx(min(map(cost_of, sets)))
    assert cost_of(found.shortcuts) == pytest.approx(found.cost)
    assert len(found.shortcuts) <= most


def test_a_shortcut_is_not_held_back_by_the_callers_that_it_takes() -> None:
    """Who goes by the shortcut no longer waits behind it at the option pinned last."""
    lineup = Lineup((Option("a", 0, 1), Option("b", 0, 1), Option("c", 0, 1)))
    top = Menu(lineup._replace(pins={"b": 1, "c": 2}), {"b": "sub"})
    tree = Tree("top", {"top": top, "sub": Menu(Lineup((Option("x", 1, 1),)))})
    found = best_shortcuts(tree, [Shortcut("s", "sub", "x", 2)], 1)
    assert ([s.id for s in found.shortcuts], found.cost) == (["s"], 2)


def test_greedy_would_lose() -> None:
    """Here the best pair does not hold the best single shortcut."""
    leaves = (Option("x", 4, 4), Option("y", 7, 3), Option("z", 6, 4))
    top = Menu(Lineup((Option("a", 1, 2), Option("b", 0, 2))), {"b": "sub"})
    tree = Tree("top", {"top": top, "sub": Menu(Lineup(leaves, 1))})
    candidates = [Shortcut(o.id, "sub", o.id, o.d) for o in leaves]
    singles = [best_shortcuts(tree, [candidate], 1).cost for candidate in candidates]
    assert singles == [134, 128, 126]
    assert best_shortcuts(tree, candidates, 2).cost == 124
    assert {s.id for s in best_shortcuts(tree, candidates, 2).shortcuts} == {"x", "y"}


def test_copied_and_moved() -> None:
    """A copy takes those who listen; a move takes all and its line from its menu."""
    sub = Menu(Lineup((Option("x", 80, 2, listens=0.5), Option("y", 20, 2))))
    top = Menu(Lineup((Option("a", 10, 2), Option("b", 0, 2), Option("0", 5, 2)), pins={"0": -1}))
    tree = Tree("top", {"top": top._replace(to={"b": "sub"}), "sub": sub})
    shortcut = Shortcut("s", "sub", "x", 3)
    copied = with_shortcuts(tree, [shortcut])
    assert [(o.id, o.w) for o in copied.menus["top"].lineup.options] == [
        ("a", 10), ("b", 60), ("s", 40), ("0", 5),
    ]  # fmt: skip
    assert copied.menus["sub"].lineup.options[0] == Option("x", 40, 2, listens=0)
    moved = with_shortcuts(tree, [shortcut], moved=True)
    assert [(o.id, o.w) for o in moved.menus["top"].lineup.options] == [
        ("a", 10), ("b", 20), ("s", 80), ("0", 5),
    ]  # fmt: skip
    assert moved.menus["sub"].lineup.ids == ("y",)
