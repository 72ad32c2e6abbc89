"""Seconds of CPU that tuning takes: the shipped menus, and a tree of 300 leaves with all rules.

`python -m bench.tune`. Each figure is the best of three runs, without reading files or the record:
proposal (best, worst and bound of each menu, both variants, the posterior, what chance shows),
waterfall (best orders with and without rules, shortcuts by branch and bound, the bound), and three
shortcuts with all rules kept (`--shortcuts 3`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from hotline.durations import durations
from ivr.manifest import load_manifest
from menus.loader import load
from menus.paths import paths
from tuning.lineup import Lineup, Option
from tuning.posterior import Wanted
from tuning.promotion import promotion
from tuning.proposal import Asked, tuned
from tuning.rules import Rules
from tuning.shortcut_limits import Shortcut
from tuning.site import Callers, Site, site_tree
from tuning.tree import Menu, Tree
from tuning.waterfall import waterfall

ROOT = Path(__file__).parent.parent
CHANCE = random.Random(1)


def shipped() -> tuple[Site, list[Shortcut]]:
    """The shipped menus with a skewed demand; every leaf below the top may be a shortcut."""
    model, _ = load(ROOT)
    assert model is not None
    leaves = sorted(paths(model))
    demand = {leaf: 1000 / (n + 1) for n, leaf in enumerate(CHANCE.sample(leaves, len(leaves)))}
    times = durations(model, "zh-CN", load_manifest(ROOT / "prompts"))
    wanted = {leaf: Wanted(weight, weight**0.5) for leaf, weight in demand.items()}
    site = site_tree(model, times, Callers(wanted), Rules())
    return site, candidates(site.tree)


def big(leaves: int) -> tuple[Site, list[Shortcut]]:
    """Menus of seven in three levels, each with pins, a group, a required order and regulars."""
    menus: dict[str, Menu] = {}
    wanted: dict[tuple[str, str], Wanted] = {}
    left = leaves

    def add(id_: str, depth: int) -> Wanted:
        nonlocal left
        options, to, whole = [], {}, Wanted(0, 0)
        for n in range(7):
            key = str(n + 1)
            if depth:
                to[key] = f"{id_}.{key}"
                part = add(to[key], depth - 1)
            elif left:
                left -= 1
                weight = 1000 / CHANCE.randint(1, leaves)
                part = Wanted(weight, weight**0.5)
            else:
                break
            wanted[id_, key] = part
            whole = Wanted(whole.weight + part.weight, (whole.error**2 + part.error**2) ** 0.5)
            length = CHANCE.randint(1500, 4000) / 1000
            options.append(Option(key, part.weight, length, 0.8, 1.05, 0.2 * part.weight, key))
        options += [Option("0", 0, 2.5, key="0"), Option("9", 0, 2, key="9")]
        wanted[id_, "0"] = wanted[id_, "9"] = Wanted(0, 0)
        lineup = Lineup(tuple(options), 0.8, {"0": -2, "9": -1}, barge_in=0.9, kept=frozenset("09"))
        if len(options) > 5:
            lineup = lineup._replace(
                groups=(("1", "2"),),
                before=(("3", "2"), ("3", "4")),
                pins={**lineup.pins, "5": 1},
            )
        menus[id_] = Menu(lineup, to)
        return whole

    add("t", 2)
    choices = {
        id_: tuple(k for k in menu.lineup.ids if k not in "09") for id_, menu in menus.items()
    }
    site = Site(Tree("t", menus), wanted, choices)
    return site, candidates(site.tree)


def candidates(tree: Tree) -> list[Shortcut]:
    """Every leaf that is not at the top."""
    return [
        Shortcut(f"{id_}/{option.id}", id_, option.id, option.d)
        for id_, menu in tree.menus.items()
        for option in menu.lineup.options
        if id_ != tree.root and option.id not in menu.to and option.id not in "09"
    ]


def took(work: Callable[[], object]) -> float:
    """Seconds of CPU, the best of three."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def main() -> None:
    """Prints the figures."""
    import numpy as np

    for name, (site, shortcuts), goal in (
        ("shipped menus", shipped(), 0.2),
        ("300 leaves, all rules", big(300), 1.0),
    ):

        def propose(site: Site = site) -> None:
            tuned(site, Callers({}), Asked(Rules(), 1e6, np.random.default_rng(1)))

        def fall(site: Site = site, shortcuts: list[Shortcut] = shortcuts) -> None:
            waterfall(site.tree, shortcuts, 2)

        def promote(site: Site = site, shortcuts: list[Shortcut] = shortcuts) -> None:
            promotion(site, shortcuts, 3, Rules())

        propose()  # imports scipy
        parts = took(propose), took(fall), took(promote)
        print(
            f"{name:<22} {len(site.tree.menus):>3} menus  proposal {parts[0]:.3f} s  "
            f"waterfall {parts[1]:.3f} s  shortcuts {parts[2]:.3f} s  "
            f"together {sum(parts):.3f} s (goal {goal})"
        )


if __name__ == "__main__":
    main()
