"""Which products of two arrays several longer products could be made of.

The cheapest order of one product knows nothing of the others. D*M and v'*D may both begin D*v, at no loss to either; so
a first planning counts, for every pair of arrays that was looked at, how many products could use it, and a second one
charges each of them its share. The cheaper of both programs is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from frechet.core.node import Node


@dataclass
class Census:
    """Numbers for the contents of arrays, the same in every planning, and the products that could use each."""

    counting: bool = True
    numbers: dict[Hashable, int] = field(default_factory=dict)
    users: dict[int, set[Node]] = field(default_factory=dict)
    kept: dict[Hashable, list[Node]] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], list[Node]]) -> list[Node]:
        """What the first planning made under this key."""
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    def number(self, content: Hashable) -> int:
        """The number of an array that is made in this way."""
        return self.numbers.setdefault(content, len(self.numbers))

    def share(self, number: int, product: Node) -> int:
        """Among how many products the cost of an array is to be divided; while it is counted, 1."""
        if self.counting:
            self.users.setdefault(number, set()).add(product)
            return 1
        return len(self.users.get(number, ())) or 1

    def promises(self, made: Iterable[int]) -> bool:
        """Whether several products could use an array that was not made."""
        there = set(made)
        return any(len(users) > 1 and number not in there for number, users in self.users.items())
