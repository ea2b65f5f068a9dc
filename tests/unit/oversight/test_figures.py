"""What a report counts, on rows small enough to count by hand, and what it must not show."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from cds_service.ledger.tables import answer, review_record
from cds_service.oversight import show
from cds_service.oversight.periods import Period
from cds_service.oversight.reference import definition_of
from cds_service.oversight.small_cells import shown
from tests.support.oversight_values import (
    MONDAY,
    SUBJECT,
    a_busy_time,
    a_card,
    a_case,
    a_decision,
    a_job,
    a_word,
    an_answer,
    decided,
    write,
)

TUESDAY = MONDAY - timedelta(days=6)
"""Within the week that is reported on Monday."""


def weekly(oversight, now=MONDAY):
    return oversight.report(Period.WEEKLY, now, fresh=True)


def figure(report, name):
    return next(f for f in report.figures if f.id == name)


def breakdown(report, name):
    return next(b for s in report.sections for b in s.breakdowns if b.id == name)


def test_an_empty_database_says_so_and_has_no_number_that_is_none(oversight):
    for period in Period:
        report = oversight.report(period, MONDAY)
        assert report.empty
        assert report.recommendations == ()
        assert "NaN" not in json.dumps(report.as_json(), allow_nan=False)
        assert show.NOTHING in show.markdown(report)
        assert figure(report, "under-triage.system").text == "not enough data"


def test_under_and_over_triage_against_the_clinician(oversight, database):
    # 10 too low, 6 too high, 24 the same, 5 dismissed: 40 with a grade.
    grades = [(2, 3)] * 10 + [(3, 2)] * 6 + [(2, 2)] * 24 + [(3, None)] * 5
    decided(database, grades, TUESDAY)
    report = weekly(oversight)
    under, over = figure(report, "under-triage.system"), figure(report, "over-triage.system")
    assert (under.hits, under.of, over.hits, over.of) == (10, 40, 6, 40)
    assert under.low == pytest.approx(0.1419, abs=1e-4)  # Wilson, 10 of 40
    assert under.high == pytest.approx(0.4019, abs=1e-4)
    missed = figure(report, "missed-urgent.system")
    assert (missed.hits, missed.of) == (10, 10)
    assert figure(report, "decisions.dismiss").hits == 5


def test_nurses_alone_have_their_own_kappa(oversight, database):
    decided(database, [(2, 2), (3, 3)] * 10, TUESDAY)
    decided(database, [(2, 3), (3, 2)] * 10, TUESDAY + timedelta(hours=9), role="physician")
    report = weekly(oversight)
    assert figure(report, "kappa.floor-nurse").value == 1.0
    assert figure(report, "kappa.floor").value == pytest.approx(0.0)


def test_the_model_is_judged_where_it_spoke(oversight, database):
    cases = [a_case(TUESDAY + timedelta(minutes=n), 2) for n in range(30)]
    made = [a_decision(c, 2 + n % 2, model_priority=2 + n % 2 if n < 24 else None) for n, c in enumerate(cases)]
    write(database, review_case=cases, review_record=made)
    model = figure(weekly(oversight), "kappa.model")
    assert (model.of, model.value) == (24, 1.0)


def test_no_answer_is_no_dismissal_and_the_last_word_counts(oversight, database):
    answers = [an_answer(TUESDAY + timedelta(minutes=n)) for n in range(30)]
    cards = [a_card(a) for a in answers]
    words = [a_word(c, "accepted", TUESDAY) for c in cards[:12]]
    words += [a_word(c, "overridden", TUESDAY + timedelta(hours=1), "data-wrong") for c in cards[5:12]]
    write(database, answer=answers, card=[*cards, a_card(answers[0], "notice")], feedback=words)
    report = weekly(oversight)
    accepted, answered = figure(report, "cards.accepted"), figure(report, "cards.answered")
    assert (accepted.hits, accepted.of) == (5, 12)
    assert (answered.hits, answered.of) == (12, 30)  # the notice is no card to act on
    assert breakdown(report, "cards.by-kind").rows["floor"] == (5, 7, 0, 18)
    assert breakdown(report, "cards.reasons").rows == {"floor: data-wrong": (7,)}
    assert figure(report, "rule.overridden.news2").hits == 7


def test_a_card_whose_case_was_decided_on_the_page_is_told_apart(oversight, database):
    answers = [an_answer(TUESDAY + timedelta(minutes=n)) for n in range(8)]
    cases = [a_case(TUESDAY, 2, answer=a["id"]) for a in answers[:6]]
    write(database, answer=answers, card=[a_card(a) for a in answers], review_case=cases)
    write(database, review_record=[a_decision(c, 2) for c in cases])
    assert breakdown(weekly(oversight), "cards.by-kind").rows["floor"] == (0, 0, 6, 2)


def test_shadow_is_counted_apart(oversight, database):
    shadow = [an_answer(TUESDAY, floor=4, stage="shadow") for _ in range(7)]
    write(database, answer=[*shadow, *(an_answer(TUESDAY) for _ in range(6))], card=[a_card(a) for a in shadow])
    cases = [a_case(TUESDAY, stage="shadow") for _ in range(6)]
    write(database, review_case=cases, review_record=[a_decision(c, 4) for c in cases])
    report = weekly(oversight)
    assert figure(report, "answers.shadow").of == 7
    assert figure(report, "answers.all").of == 6
    assert figure(report, "cards.answered").of == 0
    assert figure(report, "time.hook.median").of == 6
    assert figure(report, "under-triage.system").of == 0
    assert [t.points[-1].of for t in report.trends if t.id in {"answers.urgent", "under-triage.system"}] == [0, 6]


def test_a_chart_that_is_opened_again_counts_once_a_day(oversight, database):
    write(database, answer=[an_answer(TUESDAY + timedelta(hours=h), floor=1 + (h == 5)) for h in range(6)])
    report = weekly(oversight)
    assert figure(report, "answers.all").of == 6
    assert figure(report, "answers.charts").of == 1
    assert breakdown(report, "answers.floor").rows["Medium"] == (1,)


def test_withheld_drafts_are_told_by_check(oversight, database):
    bias = "a text names race or ethnicity, which a triage note does not need"
    jobs = [a_job(TUESDAY, "withheld", reasons=[bias]) for _ in range(6)]
    jobs += [a_job(TUESDAY, "ready") for _ in range(14)] + [a_job(TUESDAY, "failed") for _ in range(5)]
    write(database, job=jobs)
    report = weekly(oversight)
    assert (figure(report, "model.bias").hits, figure(report, "model.withheld").of) == (6, 20)
    assert (figure(report, "model.unavailable").hits, figure(report, "model.unavailable").of) == (5, 25)
    assert breakdown(report, "model.checks").rows == {"bias": (6,)}


def test_times_are_those_that_were_measured(oversight, database):
    cases = [a_case(TUESDAY, 3) for _ in range(5)]
    made = [
        a_decision(c, 3, review_s=s, after_s=s * 6) for c, s in zip(cases, (10.0, 20.0, 30.0, 40.0, 50.0), strict=True)
    ]
    write(database, review_case=cases, review_record=made)
    report = weekly(oversight)
    assert figure(report, "time.review.median").value == 30
    assert figure(report, "time.review.p90").value == pytest.approx(46)
    assert figure(report, "time.turn-round-urgent.median").value == pytest.approx(3)
    assert figure(report, "time.physician.median").value is None


def test_half_written_rows_and_set_back_clocks_cost_themselves_alone(oversight, database):
    answers = [an_answer(TUESDAY) for _ in range(6)]
    jobs = [a_job(TUESDAY, seconds=-60.0)]
    cases = [a_case(TUESDAY) for _ in range(6)]
    made = [a_decision(c, 3, review_s=-5.0 if n == 0 else 30.0) for n, c in enumerate(cases)]
    write(database, answer=answers, job=jobs, review_case=cases, review_record=made)
    with database.transaction() as tx:
        tx.execute(update(answer).where(answer.c.id == answers[0]["id"]).values(findings=[{"no": "rule"}]))
        tx.execute(update(review_record).where(review_record.c.case == cases[1]["id"]).values(verdict="half"))
    report = weekly(oversight)
    assert figure(report, "answers.all").of == 5
    assert figure(report, "time.review.median").of == 4
    assert figure(report, "answers.unreadable").of == 3  # answer, decision, job


def test_drift_is_found_and_becomes_a_recommendation(oversight, database):
    usual = [an_answer(TUESDAY - timedelta(days=n % 28 + 1), subject=f"subj-{n:032x}") for n in range(200)]
    fired = {"rule": "sepsis", "reason": "A reason."}
    now = [an_answer(TUESDAY, subject=f"subj-{n:032x}", floor=3, findings=[fired]) for n in range(60)]
    write(database, answer=[*usual, *now])
    report = weekly(oversight)
    drifted = {c.feature for c in report.changes if c.drifted}
    assert {"priority of the floor", "rule fired: sepsis"} <= drifted
    assert "state of the assessment" not in drifted
    assert any(r.id == "drift" and "rule fired: sepsis" in r.because for r in report.recommendations)


def test_nothing_drifts_where_nothing_changed(oversight, database):
    a_busy_time(database, MONDAY - timedelta(days=35), 35, 12)
    report = weekly(oversight)
    assert len(report.changes) > 10
    assert not [c for c in report.changes if c.drifted]


def test_a_recommendation_names_its_figure_and_interval_and_needs_enough(oversight, database):
    decided(database, [(2, 3)] * 10 + [(2, 2)] * 30, TUESDAY)
    found = next(r for r in weekly(oversight).recommendations if r.id == "look-at-under-triage")
    assert "25.0 %, 95 % interval 14.2 % to 40.2 %, n = 10 of 40" in found.because


def test_no_recommendation_of_few_data(oversight, database):
    decided(database, [(2, 3)] * 8, TUESDAY)
    assert weekly(oversight).recommendations == ()


def test_small_counts_are_hidden_in_every_form(oversight, database):
    decided(database, [(2, 3)] * 3 + [(2, 2)] * 37 + [(3, None)] * 2, TUESDAY, reason="data-wrong")
    report = weekly(oversight)
    under = figure(report, "under-triage.system")
    assert under.hits == 3  # counted, and judged by limits
    assert (under.text, under.basis, under.interval) == ("<5", "<5 of 40", "")
    assert (under.public()["hits"], under.public()["value"], under.public()["low"]) == (None, None, None)
    confirmed = figure(report, "decisions.confirm")  # 37 of 42 are shown: the five others are more than four
    assert confirmed.text == "88.1 %"
    point = next(t for t in report.as_json()["trends"] if t["id"] == "under-triage.system")["points"][-1]
    assert (point["value"], point["of"]) == (None, 40)
    assert "data-wrong | not shown" in show.markdown(report)


def test_a_share_whose_complement_is_small_is_hidden_too(oversight, database):
    decided(database, [(2, 3)] * 38 + [(2, 2)] * 2, TUESDAY)
    under = figure(weekly(oversight), "under-triage.system")
    assert under.public()["value"] is None
    assert under.public()["hits"] is None


def test_a_single_hidden_count_takes_the_next_smallest_with_it():
    assert shown([(3,), (20,), (9,), (0,)]) == [(None,), (20,), (None,), (0,)]
    assert shown([(3,), (4,), (20,)]) == [(None,), (None,), (20,)]
    hidden = shown([(3, 10, 20), (11, 12, 13), (14, 15, 16)])
    assert all(row.count(None) != 1 for row in hidden)
    assert all(column.count(None) != 1 for column in zip(*hidden, strict=True))
    assert shown([]) == []


def test_a_verdict_that_is_hidden_is_not_told_by_the_others(oversight, database):
    decided(database, [(2, 2)] * 40 + [(2, 3)] * 20 + [(3, None)] * 2, TUESDAY, reason="data-wrong")
    told = {name: figure(weekly(oversight), f"decisions.{name}").public() for name in ("confirm", "change", "dismiss")}
    assert {name: made["hits"] for name, made in told.items()} == {"confirm": 40, "change": None, "dismiss": None}
    assert {name: made["value"] is None for name, made in told.items()} == {
        "confirm": False, "change": True, "dismiss": True,
    }  # fmt: skip


def test_the_reasons_do_not_tell_how_many_were_dismissed_where_that_is_held_back(oversight, database):
    decided(database, [(2, 2)] * 40 + [(2, 3)] * 2 + [(3, None)] * 10, TUESDAY, reason="data-wrong")
    report = weekly(oversight)
    assert figure(report, "decisions.dismiss").public()["hits"] is None
    assert breakdown(report, "decisions.reasons").rows == {}


def test_a_share_of_some_rows_of_a_table_does_not_tell_a_row_that_is_hidden(oversight, database):
    floors = [4] * 3 + [3] * 20 + [2] * 9 + [1] * 50
    write(database, answer=[an_answer(TUESDAY, floor=f, subject=f"subj-{n:032x}") for n, f in enumerate(floors)])
    ends = ["shed"] * 2 + ["failed"] * 9 + ["withheld"] * 6 + ["ready"] * 50
    write(database, job=[a_job(TUESDAY, end) for end in ends])
    report = weekly(oversight)
    cells = dict(breakdown(report, "answers.floor").cells)
    assert figure(report, "answers.urgent").hits == 23  # Critical and High together
    assert cells == {"Critical": ("not shown",), "High": ("not shown",), "Medium": ("9",), "Low": ("50",)}
    cells = dict(breakdown(report, "model.ends").cells)
    assert cells == {"ready": ("50",), "withheld": ("6",), "failed": ("not shown",), "shed": ("not shown",)}


def test_the_centre_of_a_trend_does_not_tell_its_one_hidden_point(oversight, database):
    weeks = [TUESDAY - timedelta(weeks=n) for n in range(12)]
    floors = [4] * 3 + [1] * 20, [4] * 6 + [1] * 20, [4] * 9 + [1] * 20
    for n, week in enumerate(weeks):
        made = floors[min(n, 2)]
        write(database, answer=[an_answer(week, floor=f) for f in made])
    trend = next(t for t in weekly(oversight).trends if t.id == "answers.urgent")
    assert trend.limits is not None
    assert [p.hidden for p in trend.points[-3:]] == [False, True, True]


def test_no_id_of_a_patient_or_a_person_is_in_any_form(oversight, database):
    a_busy_time(database, MONDAY - timedelta(days=7), 7, 20)
    report = weekly(oversight)
    for form in (json.dumps(report.as_json()), show.markdown(report)):
        assert "subj-" not in form
        assert SUBJECT not in form
        assert "acct-" not in form


def test_every_figure_is_defined(oversight, database):
    a_busy_time(database, MONDAY - timedelta(days=7), 7, 20)
    assert [f.id for f in weekly(oversight).figures if definition_of(f.id) is None] == []


def test_a_digest_names_what_is_said(oversight, database):
    decided(database, [(2, 3)] * 8, TUESDAY)
    first = weekly(oversight).digest
    assert weekly(oversight).digest == first
    decided(database, [(2, 3)] * 8, TUESDAY + timedelta(hours=3))
    assert weekly(oversight).digest != first


def test_a_report_that_was_just_made_is_not_counted_again(oversight, database):
    first = oversight.report(Period.WEEKLY, MONDAY)
    decided(database, [(2, 3)] * 8, TUESDAY)
    assert oversight.report(Period.WEEKLY, MONDAY + timedelta(minutes=4)) == first
    assert oversight.report(Period.WEEKLY, MONDAY + timedelta(minutes=5)) != first
