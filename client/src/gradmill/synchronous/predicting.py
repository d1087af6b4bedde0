"""What a job's network says of new rows.

Made from asynchronous/predicting.py by `python -m client.generate`; not to be edited.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr

from gradmill import readings
from gradmill.answering import model_of
from gradmill.answers import DatasetAnswer, DatasetSummaryAnswer, JobAnswer, PredictionsAnswer
from gradmill.calls import JSON, Call, get, post, upload
from gradmill.errors import BadInput, InvalidData, NotFound, TooLarge
from gradmill.predictions import Predictions, moved, pieces, rows_of
from gradmill.requests import path_of
from gradmill.synchronous.handle import Handle
from gradmill.synchronous.learned import Which
from gradmill.synchronous.streamed import predicted
from gradmill.tables import columns, content, stored_or_file


class Predicting(Handle):
    """Rows, tables, files and datasets, which are read as the data were that the job learned from."""

    _learned: readings.Learned | None = PrivateAttr(default=None)

    def predict(
        self,
        data: Any,
        *,
        epoch: Which | None = None,
        probabilities: bool = True,
        numbers: Sequence[str] | None = None,
        texts: Sequence[str] | None = None,
        missing_values: Sequence[str] | None = None,
        decimal: readings.Decimal | None = None,
        encoding: str | None = None,
    ) -> Predictions:
        """What the network says of new rows: an array, a table, columns by name, a list of rows, which are sent some at a time;
        the path of a file, of which nothing is kept; or a dataset, or its id.

        Cells of a file or a table are read as those of the data were that the job learned from, those of a table as long as
        the dataset is there; `numbers`, `texts`, `missing_values`, `decimal` and `encoding` say otherwise, as in
        `datasets.upload`.
        """
        params = {"epoch": epoch, "probabilities": None if probabilities else "false"}
        said = readings.said(numbers=numbers, texts=texts, missing_values=missing_values, decimal=decimal, encoding=encoding)
        found = Predictions()
        if (source := stored_or_file(data)) is not None:
            found.add(self._predicted(self._call(source, said, params)))
            return found
        for piece in pieces(rows_of(self._as_learned(data, said))):
            pending = [piece]
            while pending:
                start, rows = pending.pop()
                try:
                    call = post(self._path("predict"), {"rows": rows}, params=params)
                    found.add(self._predicted(call), start)
                except InvalidData as error:
                    raise error.reworded(partial(moved, start=start)) from None
                except TooLarge:  # the answer may be larger than the rows let one think
                    if len(rows) < 2:
                        raise
                    half = len(rows) // 2
                    pending += [(start + half, rows[half:]), (start, rows[:half])]
        return found

    def predict_in_pieces(
        self,
        data: Path | str | DatasetAnswer | DatasetSummaryAnswer,
        *,
        epoch: Which | None = None,
        probabilities: bool = True,
        numbers: Sequence[str] | None = None,
        texts: Sequence[str] | None = None,
        missing_values: Sequence[str] | None = None,
        decimal: readings.Decimal | None = None,
        encoding: str | None = None,
    ) -> Generator[Predictions, None]:
        """What `predict` says of a file, or of a dataset or its id, some rows at a time as they come, for more of them than
        shall be in memory; the last piece has the warnings, and no rows. NotReachable where the answer breaks off."""
        params = {"epoch": epoch, "probabilities": None if probabilities else "false"}
        said = readings.said(numbers=numbers, texts=texts, missing_values=missing_values, decimal=decimal, encoding=encoding)
        if (source := stored_or_file(data)) is None:
            raise BadInput(
                f"a {type(data).__name__} has its rows itself: predict takes it; a file, a dataset or its id has pieces"
            )
        with closing(predicted(self._transport, self._call(source, said, params))) as answers:
            for answer in answers:
                yield Predictions.of(answer)

    def _call(self, data: Path | str, said: readings.Said, params: dict[str, Any]) -> Call:
        """Of a file, or of a dataset by its id."""
        if isinstance(data, str):
            _check_unread(f"the dataset {data} was read when it was uploaded", said)
            return post(self._path("predict"), {"dataset": data}, params=params)
        body, media_type = content(data, None)
        format = "json" if media_type == JSON else None  # else it would be taken for a request
        asked: dict[str, Any] = {**params, **said, "format": format}
        return upload(self._path("predict"), body, media_type, **asked)

    def _as_learned(self, data: Any, said: readings.Said) -> Any:
        """A table with its cells read as those that the job learned from; other rows as they are."""
        named = columns(data)
        if named is None:
            _check_unread(f"a {type(data).__name__} is none", said)
            return data
        learned = self._reading()
        reading = readings.merged(learned, said)
        return readings.applied(named, reading, said, learned.pointed) if reading else named

    def _reading(self) -> readings.Learned:
        """That of the dataset that it learned from, asked for once; nothing where that is gone."""
        if self._learned is None:
            self._learned = self._asked_reading()
        return self._learned

    def _asked_reading(self) -> readings.Learned:
        asked = self.dataset if "target" in self.dataset else self._whole_dataset()
        try:
            dataset = self._transport.json(get(path_of("datasets", str(asked.get("id")))))
        except NotFound:
            return readings.Learned()
        return readings.of_training(asked, model_of(DatasetAnswer, dataset))

    def _whole_dataset(self) -> dict[str, Any]:
        """What was asked for of it, of which a list tells the id alone."""
        return model_of(JobAnswer, self._transport.json(get(self._path()))).dataset

    def _predicted(self, call: Call) -> PredictionsAnswer:
        return model_of(PredictionsAnswer, self._transport.json(call))


def _check_unread(why: str, said: readings.Said) -> None:
    """BadInput where something is said of cells of what is neither file nor table."""
    if words := [name for name, given in said.items() if given]:
        say = "says" if len(words) == 1 else "say"
        raise BadInput(f"{', '.join(words)} {say} how the cells of a file or a table are read; {why}")
