"""The report of worked cases that `regulars verify` prints."""

import json
from pathlib import Path

import pytest

from regulars.cli.verify import verified
from tests.cases import case_folder


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("subject", ["loyalty", "scores"])
def test_the_report_lists_every_case_and_all_pass(subject: str) -> None:
    if not case_folder().is_dir():
        pytest.skip(f"no verification cases at {case_folder()}")
    report = verified(case_folder(), subject)
    assert (report["ok"], report["failed"], report["skipped"]) == (True, [], [])
    assert report["unread"] == []
    assert report["passed"] == len({(one["area"], one["id"]) for one in report["cases"]})


EDGES = """
cases:
  - {id: nobody, given: {policy: nps_from_scores, scores: []}, expect: {nps: null, se: null}}
  - id: no-share
    given: {policy: proportion_interval, successes: 0, size: 0}
    expect: {low: null, high: null}
  - id: no-weight
    given: {policy: kish, weights: [{weight: "0", count: 3}]}
    expect: {deff: null, ess: null}
  - id: silent-stratum
    given:
      policy: poststratified_mean
      strata:
        - {population_share: "0.5", size: 0, mean: null}
        - {population_share: "0.25", size: 4, mean: "3"}
        - {population_share: "0.25", size: 1, mean: "5"}
    expect: {raw_mean: 3.4, weighted_mean: 4.0, tolerance: 0.0001}
  - {id: none-of-ten, given: {policy: proportion_interval, successes: 0, size: 10}, expect: {low: 0}}
  - {id: beyond, given: {policy: proportion_interval, successes: 9, size: 10, method: wald, clip: false},
     expect: {high: 1.0859, tolerance: 0.0001}}
  - {id: whole, given: {policy: nps_from_counts, detractors: 0, passives: 71, promoters: 29},
     expect: {nps: 29, variance: 0.2059, tolerance: 0.00001}}
  - {id: skipped-question, given: {policy: nps_from_scores, scores: ["9", null, "10", 3]},
     expect: {nps: 33.3333, tolerance: 0.0001}}
  - id: nothing-varies
    given:
      policy: nps_compare
      a: {detractors: 0, passives: 0, promoters: 5}
      b: {detractors: 5, passives: 0, promoters: 0}
      method: wald
    expect: {diff: 200, se: 0, z: null, p_value: null}
  - {id: fewer, given: {policy: nps_compare_sample_size, difference: -10, variance: "0.6"},
     expect: {size_per_group: 942}}
  - {id: no-e, given: {policy: response_rates, I: "10", R: 10, e: null}, expect: {RR1: 0.5}}
  - id: edge-of-the-margins
    given: {policy: raking, seed: [[1, 1], [1, 0]], rows: [1, 1], cols: [1, 1]}
    expect: {table: [[0, 1], [1, 0]]}
  - id: quoted-table
    given: {policy: raking, seed: [["1", "1"], ["1", "1"]], rows: ["1", "3"], cols: ["2", "2"]}
    expect: {table: [[0.5, 0.5], [1.5, 1.5]], tolerance: 0.0001}
"""


@pytest.mark.django_db
def test_what_nobody_answered_has_no_value_and_other_edges_are_met(tmp_path: Path) -> None:
    (tmp_path / "scores.yaml").write_text(EDGES, encoding="utf-8")
    report = verified(tmp_path, "scores")
    assert [row for row in report["cases"] if not row["pass"]] == []
    assert report["passed"] == 13
    assert json.loads(json.dumps(report, allow_nan=False, default=str))["ok"]


ODD_SCORES = """
cases:
  - id: odd-field
    given: {policy: nps_compare, a: {promoters: 1, passives: 1, detractors: 1, weight: 2},
            b: {promoters: 1, passives: 1, detractors: 1}, method: wald, paired: true}
    expect: {diff: 0}
  - {id: no-such-policy, given: {policy: nps_paired}, expect: {diff: 0}}
  - {id: no-numbers, given: {policy: nps_from_scores, scores: {a: 1}}, expect: {nps: 0}}
"""


@pytest.mark.django_db
def test_what_the_runner_does_not_know_is_told_and_the_others_are_run(tmp_path: Path) -> None:
    (tmp_path / "scores.yaml").write_text(ODD_SCORES, encoding="utf-8")
    report = verified(tmp_path, "scores")
    assert report["unread"] == ["scores odd-field: a.weight, paired"]
    assert "scores no-such-policy: no policy nps_paired" in report["skipped"]
    assert report["failed"] == ["no-numbers"]


AGREEMENT = """
cases:
  - {id: nobody, given: {policy: cohen, table: [[0, 0], [0, 0]]}, expect: {kappa: null}}
  - {id: no-items, given: {policy: cohen_from_labels, a: [], b: []}, expect: {kappa: null}}
  - {id: one-rater, given: {policy: fleiss, table: [[1, 0], [0, 1]]}, expect: {kappa: null}}
  - {id: one-of-two, given: {policy: cohen_from_labels, a: [x, y, null], b: [x, y, x]}, expect: {kappa: 1}}
  - id: quoted
    given: {policy: krippendorff, level: interval, ratings: [["0.5", "1.5", 2], ["0.5", "1", "2"]]}
    expect: {alpha: 0.9123, tolerance: 0.0001}
"""


@pytest.mark.django_db
def test_agreement_of_nobody_has_no_value_and_ratings_may_be_quoted(tmp_path: Path) -> None:
    (tmp_path / "agreement.yaml").write_text(AGREEMENT, encoding="utf-8")
    report = verified(tmp_path, "scores")
    assert [row for row in report["cases"] if not row["pass"]] == []


OTHER_ZONE = """
cases:
  - id: ids-are-numbers-and-lists-are-not-given
    given:
      policy: identity
      whitelist: null
      duplicate_window: null
      rules: [{id: daily, scope: all, max: 1, window: PT24H, delay: null}]
      history: [{customer: 17, survey: s1, message: null, at: "2025-03-29T22:00:00Z"}]
      request: {customer: "17", survey: s2, message: null, at: "2025-03-30T20:00:00Z"}
    expect: {decision: skip, send_at: null, earliest: "2025-03-30T22:00:00Z", blocked_by: daily}
  - id: other-zone
    given:
      policy: rolling_window
      rules: [{id: daily, scope: all, max: 1, window: PT24H}]
      history: [{customer: " C1", at: "2025-03-29T22:00:00+01:00"}]
      request: {customer: c1, at: "2025-03-30T20:00:00+02:00"}
    expect: {decision: skip, send_at: null, earliest: "2025-03-30T23:00:00+02:00", blocked_by: daily}
"""


@pytest.mark.django_db
def test_contact_rules_are_among_the_scores_and_moments_compare_as_instants(tmp_path: Path) -> None:
    (tmp_path / "contact_rules.yaml").write_text(OTHER_ZONE, encoding="utf-8")
    report = verified(tmp_path, "scores")
    assert [(row["area"], row["pass"]) for row in report["cases"]] == [("contact_rules", True)] * 2
    assert "scores: no cases" in report["skipped"]


ODD = """
cases:
  - {id: unknown-policy, given: {policy: by_the_moon}, expect: {points: 1}}
  - id: unknown-option
    given: {policy: proportional, amount_minor: 250, unit_minor: 100, points_per_unit: "1", rounding: up}
    expect: {points: 3}
  - id: unknown-field
    given: {policy: spend_step, amount_minor: 900, step_minor: 100, points_per_step: 1, at_most: 5}
    expect: {points: 9}
  - id: unknown-figure
    given: {policy: spend_step, amount_minor: 950, step_minor: 100, points_per_step: 1}
    expect: {points: 9, left_minor: 50}
  - {id: unreadable, given: {policy: punch_card, target: 10, events: null}, expect: {rewards: 0}}
  - {id: nothing-given, expect: {points: 0}}
  - id: quoted-otherwise
    given: {policy: proportional, amount_minor: 250, unit_minor: 100, points_per_unit: "1", point_decimals: 2}
    expect: {points: "2.5"}
"""


@pytest.mark.django_db
def test_what_the_product_cannot_read_is_said_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "accrual.yaml").write_text(ODD, encoding="utf-8")
    report = verified(tmp_path)
    assert [one for one in report["skipped"] if one.startswith("accrual")] == [
        "accrual unknown-policy: no policy by_the_moon",
        "accrual unknown-option: no rounding up",
        "accrual nothing-given: no policy None",
    ]
    assert report["unread"] == ["accrual unknown-field: at_most"]
    assert report["failed"] == ["unknown-figure", "unreadable"]
    obtained = {row["id"]: row["obtained"] for row in report["cases"]}
    assert obtained["unknown-figure"] == {
        "points": 9,
        "left_minor": "the product gives no such figure",
    }
    assert obtained["unreadable"].startswith("failed: TypeError")


@pytest.mark.django_db
def test_a_report_with_a_case_that_is_not_offered_is_not_ok(tmp_path: Path) -> None:
    known = "{id: known, given: {policy: spend_step, amount_minor: 900, step_minor: 100, points_per_step: 1}, expect: {points: 9}}"
    unknown = "{id: unknown, given: {policy: by_the_moon}, expect: {points: 1}}"
    for cases, is_ok in (([known], True), ([known, unknown], False)):
        (tmp_path / "accrual.yaml").write_text(f"cases: [{', '.join(cases)}]", encoding="utf-8")
        assert verified(tmp_path)["ok"] is is_ok
