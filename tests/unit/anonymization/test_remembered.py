"""What is remembered, for how long, and that it holds no word."""

from anonymization.remembered import Remembered


def test_the_least_recently_asked_for_goes_first():
    kept = Remembered[int](2)
    one, two, three = (kept.mark(word) for word in (b"one", b"two", b"three"))
    kept.put(one, 1)
    kept.put(two, 2)
    assert kept.get(one) == 1
    kept.put(three, 3)
    assert (kept.get(one), kept.get(two), kept.get(three), len(kept)) == (1, None, 3, 2)


def test_other_parts_are_another_thing():
    kept = Remembered[int](9)
    assert kept.mark(b"ab", b"c") == kept.mark(b"ab", b"c")
    assert len({kept.mark(b"ab", b"c"), kept.mark(b"a", b"bc"), kept.mark(b"abc"), kept.mark(b"abc", b"")}) == 4


def test_nobody_else_can_make_a_mark_and_no_word_is_kept():
    kept, other = Remembered[int](9), Remembered[int](9)
    kept.put(kept.mark(b"Zebediah"), 1)
    assert other.mark(b"Zebediah") != kept.mark(b"Zebediah")
    assert "Zebediah" not in repr(vars(kept))
