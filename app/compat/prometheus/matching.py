"""Which of many texts a matcher lets through, by RE2: no pattern takes more than linear time."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.compat.prometheus.errors import BadExpression
from app.compat.prometheus.expressions import Matcher

Which = npt.NDArray[np.bool_]


def matched(matcher: Matcher, texts: Sequence[str]) -> Which:
    """Which of these (n,) the matcher lets through; a pattern has to match all of a text. Raises: BadExpression."""
    of = pa.array(texts, pa.string())
    found = pc.equal(of, matcher.value) if matcher.sign in ("=", "!=") else _by_pattern(of, matcher.value)
    which: Which = found.to_numpy(zero_copy_only=False).astype(np.bool_)
    return ~which if matcher.sign.startswith("!") else which


def _by_pattern(texts: pa.StringArray, pattern: str) -> pa.BooleanArray:
    distinct = texts.dictionary_encode()
    try:
        # Without (?m) the dollar is the end of the text; the parser has refused brackets that do not close.
        found = pc.match_substring_regex(distinct.dictionary, f"^(?s:{pattern})$")
    except pa.ArrowInvalid as error:
        raise BadExpression("The expression cannot be read: {reason}.", reason=str(error)) from None
    return found.take(distinct.indices)
