"""Wrong input, one row each: the error names the offender, and says what is wrong with it."""

import bad_demonstrations
import bad_learners
import bad_minds
import bad_problems
import pytest

ROWS = bad_problems.ROWS | bad_demonstrations.ROWS | bad_minds.ROWS | bad_learners.ROWS


@pytest.mark.parametrize("case", ROWS)
def test_wrong_input_is_named(case):
    call, message, *kind = ROWS[case]
    with pytest.raises(kind[0] if kind else ValueError, match=f"(?s){message}"):
        call()
