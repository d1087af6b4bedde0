"""What a language must know to be one in which programs are written: how it says what `core.exports.walk` finds."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from numpy.typing import NDArray

from core.exports.program import Content

Pairs = list[tuple[str, str]]  # each column, or name, and an expression


class Dialect(ABC):
    """How a language writes what the walk finds of one network."""

    indent: int
    end: str  # of a statement
    comment: str  # begins one
    public: str  # before what other programs may call
    spread: str  # before a call that gives several of the values
    braces: tuple[str, str]  # around pairs of keys and values
    quotes: str  # around a text of several lines
    row: str  # what a row is
    place: str  # of the highest of the outputs y
    likelier: str  # of two classes, by a threshold
    same: str  # the likeliest is this one
    as_number: str  # of what is true or false
    by_class: str  # the probabilities p by their classes
    by_flag: str  # the same, where p has the second's alone

    def __init__(self, content: Content) -> None:
        self.content = content

    @abstractmethod
    def literal(self, value: Any) -> str: ...

    @abstractmethod
    def label(self, value: Any) -> str:
        """A class, with all its digits."""

    @abstractmethod
    def key(self, name: str) -> str:
        """A name of the program's own, as a key."""

    @abstractmethod
    def pair(self, column: str, value: str) -> str:
        """A column of the data's as a key, and its value."""

    @abstractmethod
    def name(self, words: str) -> str:
        """A function, of which one_hot is the name in Python."""

    @abstractmethod
    def variable(self, tensor: str) -> str:
        """Which holds 0.weight."""

    @abstractmethod
    def head(self, name: str) -> str:
        """What stands before the value of a variable where it is made."""

    @abstractmethod
    def remark(self, words: str) -> str:
        """Behind a statement."""

    @abstractmethod
    def function(self, signature: str, words: str, lines: Iterable[str], public: str) -> str: ...

    @abstractmethod
    def each(self, call: str, values: str) -> str:
        """What the call makes of each z of the values."""

    @abstractmethod
    def named(self, arguments: Mapping[str, str]) -> str:
        """Arguments that are told by their names."""

    @abstractmethod
    def constants(self, numbers: Mapping[str, str]) -> list[str]:
        """The last arguments of a formula."""

    @abstractmethod
    def repeated(self, value: str, count: int) -> str:
        """A list of so many."""

    @abstractmethod
    def kind(self, array: NDArray[Any]) -> str:
        """Of the numbers that base64 holds."""

    @abstractmethod
    def results(self) -> tuple[list[str], Pairs]:
        """Statements, and by name what the self-test compares."""
