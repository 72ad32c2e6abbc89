"""Texts a second that the keyword index places, with every book of the shipped site in use.

`python -m bench.match`: one core, CPU time, for the machine may be shared. Codes of all books with
and without parameters, in the forms that people send, beside texts that match nothing.
"""

from __future__ import annotations

import time
from itertools import cycle, islice
from pathlib import Path

from dialog.events import Profile
from menus.keywords import Match
from menus.loader import load

ROUNDS = 200_000
PROFILE = Profile("S1", "cmcc", "gotone", tier="gold", province="zhejiang", roaming="home")


def main() -> None:
    begun = time.process_time()
    model, _ = load(Path(__file__).parent.parent)
    assert model is not None
    took = time.process_time() - begun
    texts = [
        form
        for codes in model.codes.values()
        for code in codes
        for spelling in code.spellings
        for form in (spelling, spelling.lower(), f" {spelling}。", f"{spelling}#2602")
    ]
    texts += ["你好", "CXYEX", "1234567", "怎么取消彩铃", "发送CXYE到10086"] * 20
    index = model.index
    found = 0
    start = time.process_time()
    for text in islice(cycle(texts), ROUNDS):
        match = index.match(text, called="10086", profile=PROFILE, at_ms=1_773_547_200_000)
        found += isinstance(match, Match)
    spent = time.process_time() - start
    print(f"loaded     {len(index.entries)} spellings in {took:.2f} s")
    print(f"matched    {ROUNDS / spent:,.0f} texts/s, {found / ROUNDS:.0%} of them codes")


if __name__ == "__main__":
    main()
