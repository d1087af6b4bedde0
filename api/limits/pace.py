"""How fast bytes must come or go, at every time: whoever was quick before may be slow for a while, and not for longer."""


class Pace:
    """A stock of seconds: waiting uses it up, and every byte gives some back, up to `grace_s` in all.

    So nothing may come for `grace_s`, and in the long run there must be `bytes_per_s`.
    """

    def __init__(self, grace_s: float, bytes_per_s: float) -> None:
        self._grace_s = grace_s
        self._bytes_per_s = bytes_per_s
        self._stock_s = grace_s
        self.size = 0  # bytes, and the seconds in which they came, since the stock was full
        self.waited_s = 0.0

    @property
    def left_s(self) -> float:
        """How long may be waited for the next byte."""
        return self._stock_s

    @property
    def is_quick(self) -> bool:
        """Whether the stock is full."""
        return self._stock_s >= self._grace_s

    def took(self, waited_s: float, size: int) -> None:
        """So many bytes went by in so many seconds of waiting."""
        self._stock_s += size / self._bytes_per_s - waited_s
        self.size += size
        self.waited_s += waited_s
        if self._stock_s >= self._grace_s:
            self._stock_s, self.size, self.waited_s = self._grace_s, 0, 0.0
