"""Demo traffic: the same by seed, counted as it was played, whole when broken off, left alone."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from demo_case import CALLS, DAYS, FIRST, NOW, house_of, play, reordered, span
from house_case import ROOT, make_home

from dialog.outcomes import FAILED
from hotline.cli import cli
from hotline.demo.parameters import Faults, Parameters, Patience
from hotline.demo.run import Run, Taken
from hotline.demo.traffic import Traffic
from hotline.house import House
from hotline.sweep import LOOK_BACK_MS, reconcile, recover, sweep
from ledger import records
from ledger.counts import CALL, REQUEST
from ledger.ledger import Ledger

PLAYED = (
    records.Step, records.Request, records.Closing, records.Attempt, records.Told,
    records.CallEnd, records.Order, records.OrderMove, records.PasswordTry,
)  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Traffic]]:
    """A house with the usual span in its record."""
    with house_of(tmp_path_factory.mktemp("played")) as house:
        yield house, play(house)


def record(ledger: Ledger) -> dict[str, list[Any]]:
    """All rows that dialogues left, in an order of their own."""
    return {kind.__name__: sorted(ledger.rows(kind)) for kind in PLAYED}


def calls_and_texts(ledger: Ledger) -> Counter[str]:
    """Dialogues in the record by channel, by their first steps."""
    return Counter(row.event for row in ledger.rows(records.Step, n=1))


# -- the same again ----------------------------------------------------------------------------


def test_the_same_seed_is_the_same_traffic(played: Any, tmp_path: Path) -> None:
    """Row by row, on another machine with another key."""
    house, _ = played
    with house_of(tmp_path) as other:
        assert other.settings.home != house.settings.home
        play(other)
        assert record(other.ledger) == record(house.ledger)


def test_another_seed_is_other_traffic(played: Any, tmp_path: Path) -> None:
    """Nobody and nothing is the same."""
    house, _ = played
    with house_of(tmp_path) as other:
        play(other, span(2))
        theirs = {row.subscriber for row in other.ledger.rows(records.Request)}
        ours = {row.subscriber for row in house.ledger.rows(records.Request)}
        assert theirs
        assert not theirs & ours


def test_the_same_run_adds_nothing_twice(tmp_path: Path) -> None:
    """A second run finds every dialogue there, and tells the same truth."""
    with house_of(tmp_path) as house:
        first = play(house)
        before = record(house.ledger)
        again = play(house)
        assert again.run.there == again.run.dialogues == first.run.dialogues
        assert record(house.ledger) == before
        assert again.truth() == first.truth()
        assert house.ledger.compare_counts() == []


def test_a_run_broken_off_is_gone_on_with(played: Any, tmp_path: Path) -> None:
    """What is there are whole dialogues; the same run adds the missing ones and no others."""
    house, whole = played
    with house_of(tmp_path) as other:
        play(other, most=whole.run.dialogues // 3)
    with house_of(tmp_path) as other:
        there = sum(calls_and_texts(other.ledger).values())
        assert 0 < there < whole.run.dialogues
        requests = {row.id for row in other.ledger.rows(records.Request)}
        assert {row.request for row in other.ledger.rows(records.Closing)} == requests
        assert other.ledger.compare_counts() == []
        again = play(other)
        assert again.run.there == there
        assert record(other.ledger) == record(house.ledger)
        assert again.truth() == whole.truth()


def test_more_days_follow_the_same_run(played: Any, tmp_path: Path) -> None:
    """The same days begin a longer run: what the short one played is all in it."""
    house, _ = played
    with house_of(tmp_path) as other:
        play(other, span(days=DAYS + 1))
        ours, theirs = record(house.ledger), record(other.ledger)
        for kind in ("Request", "Step", "CallEnd"):
            assert set(ours[kind]) < set(theirs[kind])


@pytest.mark.parametrize(
    "other",
    [
        span(2),
        span(calls=CALLS + 1),
        span(first=FIRST + datetime.timedelta(days=1)),
        span(first=FIRST - datetime.timedelta(days=1)),
    ],
    ids=["seed", "calls", "later", "earlier"],
)
def test_two_runs_are_never_mixed(played: Any, other: Any) -> None:
    """Days that hold another run's traffic are refused before anything is written."""
    house, _ = played
    before = calls_and_texts(house.ledger)
    with pytest.raises(Taken) as taken:
        play(house, other)
    assert FIRST.isoformat() <= taken.value.first <= taken.value.last
    assert calls_and_texts(house.ledger) == before


def test_other_menus_are_another_run(tmp_path: Path) -> None:
    """When the menus have changed, the same span is not taken for what is in the record."""
    with house_of(tmp_path) as house:
        play(house, span(days=1))
        with pytest.raises(Taken):
            play(house, span(days=1), menus=[reordered(tmp_path, charges="87654321")])


# -- counts --------------------------------------------------------------------------------------


def test_the_record_counts_what_was_played(played: Any) -> None:
    """Requests and calls of the roll-ups and of the rows are those of the truth."""
    house, traffic = played
    truth = traffic.run.truth
    for count in (house.ledger.counts, house.ledger.rebuild_counts):
        of_request = ("channel", "leaf", "kind", "outcome", "reason", "guided")
        requests = count(of_request, traffic="demo", of=REQUEST)
        assert {
            tuple(getattr(row, name) for name in of_request): row.n for row in requests
        } == dict(truth.requests)
        of_call = ("outcome", "reason", "guided")
        calls = count(of_call, traffic="demo", of=CALL)
        assert {tuple(getattr(row, name) for name in of_call): row.n for row in calls} == dict(
            truth.calls
        )
    steps = Counter((row.node, row.event) for row in house.ledger.rows(records.Step))
    assert steps == truth.steps


def test_days_are_the_site_s(played: Any) -> None:
    """Each day of the span has its calls and texts, and more on the bill day."""
    house, traffic = played
    days = [(FIRST + datetime.timedelta(days=n)).isoformat() for n in range(DAYS)]
    counted = {row.day: row.n for row in house.ledger.counts(("day",), traffic="demo", of=CALL)}
    assert [day for day in sorted(counted) if counted[day] > 2] == days
    assert counted[days[2]] == max(counted.values())
    assert counted == {
        day: n for (day, _, what), n in traffic.run.truth.days.items() if what == "calls"
    }


def test_agents_note_what_their_callers_wanted(played: Any, tmp_path: Path) -> None:
    """Wrap-up codes stand by day as the demo's own, some of no leaf, none as real."""
    house, traffic = played
    wrapped = house.ledger.wrap_ups(traffic="demo")
    assert {(row.day, row.code): row.n for row in wrapped} == dict(traffic.run.truth.wrap_ups)
    assert any(row.code.startswith("XX") for row in wrapped)
    assert not house.ledger.wrap_ups()
    before = len(house.ledger.rows(records.WrapUp))
    play(house)
    assert len(house.ledger.rows(records.WrapUp)) == before


def test_every_failure_has_its_planted_cause(played: Any) -> None:
    """The planted causes add up to the failures and the losses."""
    _, traffic = played
    truth = traffic.run.truth
    failed = sum(n for (*_, outcome, _, _), n in truth.requests.items() if outcome == FAILED)
    lost = sum(n for (outcome, _, _), n in truth.calls.items() if outcome == "lost")
    by = Counter[str]()
    for (of, _, _), n in truth.causes.items():
        by[of] += n
    assert (by[REQUEST], by[CALL]) == (failed, lost)
    assert failed
    assert lost


def test_planted_outage(tmp_path: Path) -> None:
    """What is asked of the BSS in the planted hours fails, and nothing else does."""
    faults = Faults(error=0, timeout=0, slow=0, unknown=0, outage_days=(1,), outage_hours=(0, 24))
    plan = Parameters(faults=faults._replace(outage={"error": 100}))
    with house_of(tmp_path) as house:
        play(house, plan=plan)
        failed = house.ledger.counts(("day",), of=REQUEST, reason="backend_error")
        assert [row.day for row in failed] == [
            out := (FIRST + datetime.timedelta(days=1)).isoformat()
        ]
        well = house.ledger.counts(("day",), of=REQUEST, kind="query", outcome="succeeded")
        assert out not in {row.day for row in well}
        assert len(well) >= DAYS - 1


# -- apart from everything else ------------------------------------------------------------------


def test_nothing_of_it_waits_for_anybody(played: Any) -> None:
    """Recovery, the sweeper and the senders find nothing to do; no order looks unfinished."""
    house, _ = played
    ledger = house.ledger
    assert ledger.rows(records.Order)
    assert ledger.open_orders(NOW - LOOK_BACK_MS) == []
    assert (sweep(house, NOW), recover(house), reconcile(house, NOW)) == (0, 0, "")
    assert ledger.unfinished_deliveries() == []
    assert ledger.open_voice() == []
    assert ledger.rows(records.Outbox) == []
    assert ledger.overdue(NOW) == []


def test_orders_end_within_the_span(tmp_path: Path) -> None:
    """Right after a span with many answers lost, no order is left to be asked for."""
    with house_of(tmp_path) as house:
        traffic = play(house, plan=Parameters(faults=Faults(unknown=0.9)))
        unknown = house.ledger.rows(records.Closing, outcome="unknown")
        assert unknown
        until = traffic.population.midnight(FIRST + datetime.timedelta(days=DAYS))
        assert house.ledger.open_orders(until - LOOK_BACK_MS) == []


def test_nobody_real_is_in_it(played: Any) -> None:
    """Marked demo throughout; no keyed pseudonym, no mobile number, no secret entry."""
    house, traffic = played
    ledger = house.ledger
    names = {person.name for person in traffic.population.people}
    for request in ledger.rows(records.Request):
        assert request.traffic == "demo"
        assert request.subscriber.removesuffix("-other") in names
    person = traffic.population.people[0]
    assert house.vault.pseudonym(person.number) not in names
    assert not ledger.counts((), traffic="real")
    for order in ledger.rows(records.Order):
        assert order.number.startswith(("1000", "13800138", "13800139"))
    secret = [row.key for row in ledger.rows(records.Step) if "password" in row.stage]
    assert set(secret) <= {"", "*", "[secret]"}


# -- behaviour -----------------------------------------------------------------------------------


def listened(traffic: Traffic) -> float:
    """Mean seconds of listening in a call."""
    calls = sum(traffic.run.truth.calls.values())
    return sum(traffic.run.truth.heard_ms.values()) / calls / 1000


def lost(traffic: Traffic) -> int:
    """Calls that ended before any leaf."""
    return sum(n for (outcome, _, _), n in traffic.run.truth.calls.items() if outcome == "lost")


def test_order_costs_time_and_callers(tmp_path: Path) -> None:
    """The same people on a worse order listen longer and are lost more often."""
    plan = Parameters(patience=Patience(mean_s=40))
    of = span(days=2, calls=400)
    with house_of(tmp_path) as house:
        today = play(house, of, plan=plan)
    worse = reordered(tmp_path / "worse", charges="87654321")
    with house_of(tmp_path / "worse") as house:
        bad = play(house, of, plan=plan, menus=[worse])
    assert bad.run.truth.intents == today.run.truth.intents
    assert listened(bad) > listened(today) + 0.5
    assert lost(bad) > lost(today)


def test_regulars_press_what_they_know(tmp_path: Path) -> None:
    """Keys that stay cost regulars nothing; renumbered ones lead them astray until they learn."""
    of = span(days=2, calls=300)
    moved = []
    for keep in (True, False):
        folder = tmp_path / str(keep)
        after = reordered(folder, keep_keys=keep, charges="87654321")
        with house_of(folder) as house:
            traffic = play(house, of, menus=[ROOT / "menus.yaml", after])
        assert len(traffic.run.truth.versions) == 2
        moved.append(traffic.run.truth.mishaps["voice", "moved"])
    assert moved[0] == 0 < moved[1]


# -- the command ---------------------------------------------------------------------------------


def hotline(home: Path, *args: str) -> Result:
    """Runs a command in this process."""
    return CliRunner().invoke(cli, ["--site", str(ROOT), "--home", str(home), *args])


def test_command(tmp_path: Path) -> None:
    """Plays, tells the rates and where the truth is, and a report shows the same."""
    home = make_home(tmp_path)
    done = hotline(home, "demo-traffic", "--days", "2", "--calls-per-day", "30")
    assert done.exit_code == 0, done.output
    truth = json.loads((home / "demo-truth.json").read_text("utf-8"))
    bad, of = truth["counts"]["rates"]["R3"]
    assert f"R3 {bad}/{of}" in done.output
    report = json.loads(hotline(home, "report", "failures", "--traffic", "demo", "--json").output)
    (rate,) = (row["failure_rate"] for row in report["rows"] if row["rate"] == "R3")
    assert (rate["n"], rate["of"]) == (bad, of)
    again = hotline(home, "demo-traffic", "--days", "2", "--calls-per-day", "30")
    assert again.exit_code == 0
    assert "nothing was added" in again.output
    other = hotline(home, "demo-traffic", "--days", "2", "--seed", "7")
    assert other.exit_code == 2
    assert "--from" in other.output


def test_progress_on_a_terminal(tmp_path: Path) -> None:
    """Day, dialogues, rate and the time that is left, on stderr."""
    args = ["demo-traffic", "--days", "2", "--calls-per-day", "160"]
    place = ["--site", str(ROOT), "--home", str(make_home(tmp_path))]
    done = CliRunner().invoke(cli, [*place, *args], env={"FORCE_COLOR": "1"})
    assert done.exit_code == 0, done.output
    assert "/s" in done.stderr
    assert " / " in done.stderr
    assert "/s" not in done.stdout


def test_command_with_other_menus_and_days(tmp_path: Path) -> None:
    """A file's version is kept in the record and played, though it never served."""
    home = make_home(tmp_path)
    worse = reordered(tmp_path / "worse", charges="87654321")
    truth = tmp_path / "truth.json"
    done = hotline(
        home, "demo-traffic", "--days", "2", "--calls-per-day", "20", "--from", "2026-01-30",
        "--menus", str(worse), "--truth", str(truth),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    (digest,) = json.loads(truth.read_text("utf-8"))["run"]["versions"]
    with Ledger.open(home / "ledger.db") as ledger:
        assert digest in ledger.digests()
        assert digest != ledger.serving()
        counts = ledger.counts(("day", "digest"), traffic="demo", of=CALL)
    assert {row.digest for row in counts} == {digest}
    assert {"2026-01-30", "2026-01-31"} <= {row.day for row in counts}


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--from", "2999-01-01"], "lies in the past"),
        (["--days", "0"], "--days"),
        (["--menus", "none.yaml"], "none.yaml"),
        (["--want", "payments"], "write LEAF=WEIGHT"),
        (["--want", "payments=nan"], "write LEAF=WEIGHT"),
        (["--want", "payment=5"], "payments"),
        (["--patience", "0"], "--patience"),
    ],
)
def test_bad_use_is_told(tmp_path: Path, args: list[str], told: str) -> None:
    """Days to come, no days, no such file or leaf: one sentence, status 2, nothing written."""
    home = make_home(tmp_path)
    done = hotline(home, "demo-traffic", *args)
    assert done.exit_code == 2
    assert told in done.output
    with Ledger.open(home / "ledger.db") as ledger:
        assert not ledger.counts(())


def test_menus_with_errors_are_shown(tmp_path: Path) -> None:
    """The findings, status 1, and nothing is played."""
    home = make_home(tmp_path)
    file = tmp_path / "menus.yaml"
    file.write_text("format: 1\n", "utf-8")
    done = hotline(home, "demo-traffic", "--menus", str(file))
    assert done.exit_code == 1
    assert "menus.yaml" in done.output


def test_ctrl_c_leaves_whole_dialogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 130 and a sentence; the same command goes on to the end."""
    home = make_home(tmp_path)
    args = ("demo-traffic", "--days", "2", "--calls-per-day", "30")
    go = Run.go

    def pressed(self: Run) -> Iterator[Any]:
        for step in go(self):
            if step.dialogues == 20:
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(Run, "go", pressed)
    stopped = hotline(home, *args)
    assert stopped.exit_code == 130
    assert "the same command goes on" in stopped.output
    assert not (home / "demo-truth.json").exists()
    monkeypatch.undo()
    with Ledger.open(home / "ledger.db") as ledger:
        assert sum(calls_and_texts(ledger).values()) == 20
    done = hotline(home, *args)
    assert done.exit_code == 0
    assert "of them new" in done.output
