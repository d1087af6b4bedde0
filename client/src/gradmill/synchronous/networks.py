"""/v1/networks.

Made from asynchronous/networks.py by `python -m client.generate`; not to be edited.
"""

from gradmill.answering import model_of
from gradmill.answers import CheckAnswer
from gradmill.calls import post
from gradmill.requests import Data, Network, Training, job_request
from gradmill.synchronous.transport import Transport


class Networks:
    """What a network would be, without training it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def check(
        self,
        network: Network = "auto",
        dataset: Data | None = None,
        training: Training | None = None,
    ) -> CheckAnswer:
        """The dry run of a job: its layers, parameters, memory and time. InvalidSpec has all that is wrong in `errors`."""
        request = job_request(network, dataset, training)
        return model_of(CheckAnswer, self._transport.json(post("/v1/networks/check", request)))
