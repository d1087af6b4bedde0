"""Reads an answer with predictions, which is JSON, as it comes: no more of it is in memory than one piece and one row."""

import codecs
import json
import re
from typing import Any

from gradmill.answering import model_of
from gradmill.answers import PredictionsAnswer
from gradmill.errors import UnexpectedAnswer

MOST_CHARACTERS = 2**25  # of one row, or of what stands around them; none of Gradmill's comes near it

_ROWS = re.compile(r'"predictions"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_JSON = json.JSONDecoder()
_ALL_BUT_NOTHING = '"":null'  # stands beside a comma where something else is cut off


class Parser:
    """One answer, piece by piece. UnexpectedAnswer where it is none."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""  # that is not read yet
        self._about: dict[str, Any] | None = None
        self._rows, self._has_all = 0, False

    def feed(self, piece: bytes) -> PredictionsAnswer | None:
        """The rows that have ended by now, without warnings; None where there are no new ones."""
        try:
            self._text += self._decoder.decode(piece)
            if self._about is None and (found := _ROWS.search(self._text)) is not None:
                self._about = dict(json.loads(f"{self._text[: found.start()]}{_ALL_BUT_NOTHING}}}"))
                self._text = self._text[found.end() :]
        except (ValueError, TypeError, RecursionError):
            raise _strange() from None
        rows = [] if self._about is None or self._has_all else self._taken()
        if len(self._text) > MOST_CHARACTERS:
            raise _strange()
        return self._answer(rows) if rows else None

    def end(self) -> PredictionsAnswer:
        """The warnings of all rows, without rows, when all pieces have come."""
        if not self._has_all:
            raise _strange()
        try:
            rest = json.loads(f"{{{_ALL_BUT_NOTHING}{self._text}")
        except (ValueError, RecursionError):
            raise _strange() from None
        answer = self._answer([], rest)
        if answer.rows != self._rows:
            raise UnexpectedAnswer(f"the predictions are of {self._rows} rows; the answer says {answer.rows}")
        return answer

    def _taken(self) -> list[Any]:
        rows, place = [], 0
        while True:
            between = _BETWEEN.match(self._text, place)
            place = between.end() if between else place
            if self._text.startswith("]", place):
                self._has_all, place = True, place + 1
                break
            try:
                row, place = _JSON.raw_decode(self._text, place)
            except ValueError:  # its end has not come
                break
            except RecursionError:
                raise _strange() from None
            rows.append(row)
        self._text = self._text[place:]
        self._rows += len(rows)
        return rows

    def _answer(self, rows: list[Any], rest: dict[str, Any] | None = None) -> PredictionsAnswer:
        return model_of(PredictionsAnswer, {"warnings": [], **(self._about or {}), "predictions": rows, **(rest or {})})


def _strange() -> UnexpectedAnswer:
    return UnexpectedAnswer("what is answered are no predictions, or not all of them")
