"""The mix of a training set, and what may stand in one part only."""

from collections import Counter

import pytest

from cds_service.training.build.compose import SHARES, compose, leaks
from cds_service.training.build.examples import Example
from cds_service.training.chat import CLINIC, PUBLIC, SYNTHETIC
from cds_service.training.synth.parts import Part


def example(number, source=SYNTHETIC, part=Part.TRAIN, **more):
    given = {"patient": f"{source}-{number}", "family": f"{source}-{number}", "user": f"{source} {number}"} | more
    given |= {"source": source, "part": part, "system": "s", "assistant": "a"}
    return Example(id=f"{source}-{number}", place=f"{source}.jsonl, line {number}", **given)


def groups(source, count, part=Part.TRAIN):
    return [(example(n, source, part),) for n in range(count)]


def mix(found, part=Part.TRAIN):
    return Counter(g[0].source for g in found[part])


def test_the_mix_is_that_of_the_guide():
    taken = compose([*groups(SYNTHETIC, 700), *groups(CLINIC, 300), *groups(PUBLIC, 500)], SHARES)
    assert mix(taken) == {SYNTHETIC: 700, CLINIC: 200, PUBLIC: 100}


def test_a_source_that_is_missing_gives_its_share_to_the_others():
    taken = mix(compose([*groups(SYNTHETIC, 700), *groups(PUBLIC, 500)], SHARES))
    assert taken == {SYNTHETIC: 700, PUBLIC: 100}


def test_the_scarcest_source_bounds_the_others():
    taken = mix(compose([*groups(SYNTHETIC, 700), *groups(CLINIC, 20), *groups(PUBLIC, 500)], SHARES))
    assert taken == {SYNTHETIC: 70, CLINIC: 20, PUBLIC: 10}


def test_a_part_is_no_larger_than_asked():
    assert sum(mix(compose(groups(SYNTHETIC, 700), SHARES, most=50)).values()) == 50


def test_twins_stay_beside_their_originals():
    original = example(1)
    twin = example(1).twin_of(original, "sex")
    taken = compose([(original, twin), *groups(CLINIC, 3)], SHARES)
    assert (original, twin) in taken[Part.TRAIN]
    assert twin.twin == (original.id, "sex")


def test_the_order_does_not_depend_on_the_order_given():
    given = [*groups(SYNTHETIC, 30), *groups(CLINIC, 30)]
    assert compose(given, SHARES) == compose(given[::-1], SHARES)


@pytest.mark.parametrize(
    ("field", "word"), [("patient", "1 patient in"), ("family", "1 condition family in"), ("user", "1 prompt in")]
)
def test_what_stands_in_two_parts_is_found(field, word):
    one, other = example(1, **{field: "same"}), example(2, part=Part.TEST, **{field: "same"})
    assert any(word in leak for leak in leaks({Part.TRAIN: [(one,)], Part.TEST: [(other,)]}))
    assert leaks({Part.TRAIN: [(one,)], Part.TEST: [(example(3, part=Part.TEST),)]}) == ()
