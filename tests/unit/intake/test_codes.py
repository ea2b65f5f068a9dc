from cds_service.intake.codes import ALPHABET, LENGTH, new_code, spaced, written


def test_a_code_is_read_back_however_it_is_typed():
    code = new_code()
    for typed in (code, code.lower(), spaced(code), f" {code[:3]}-{code[3:]} "):
        assert written(typed) == code


def test_what_is_no_code_is_none():
    for typed in ("", "short", "0" * LENGTH, "A" * (LENGTH + 1), "<script>", "A" * 100_000, "é" * LENGTH):
        assert written(typed) is None


def test_codes_differ_and_hold_no_look_alikes():
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert not set("".join(codes)) - set(ALPHABET)
    assert not set("01OILU") & set(ALPHABET)
