"""A guard of the store, taken away."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """`text` stands once in the module and is replaced; these tests must turn red then.

    `module` is in `core/store`; the tests are modules of `tests/conformance`, or of another folder as
    "webhooks/deliver", or single tests where a module takes long: "locks::test_…".
    """

    guard: str
    module: str
    text: str
    instead: str
    tests: tuple[str, ...]


def without(guard: str, module: str, text: str, *tests: str) -> Mutant:
    return Mutant(guard, module, text, "", tests)
