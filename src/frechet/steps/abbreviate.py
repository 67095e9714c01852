"""Long parts that come again and again get a name before the derivation begins, as on a board: let s = sigmoid(A*x).

Only a derivation with a long line is abbreviated. What is named holds no direction; the inside of a d(...) stays, for
its rule speaks of it. The last line is the answer, with the names put back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from frechet.language.tree import Tree, fold
from frechet.notation.text import to_text
from frechet.steps.board import DIFFERENTIAL
from frechet.steps.derivation import Derivation, Step
from frechet.steps.naming import described

LONGEST_LINE = 110
SHORTEST_PART = 9
FEWEST = 4
MOST_NAMES = 5
MOST_NODES = 4000
SMALL = ("s", "r", "u", "v", "z", "p", "q", "g", "k", "b")
CAPITAL = ("M", "P", "Q", "R", "T", "U", "Z", "G", "K", "B")


def abbreviated(told: Derivation, taken: Sequence[str]) -> Derivation:
    """The derivation with names for what is long and frequent; itself where no line is long. `taken` are names that
    are used already."""
    lines = [s.after for s in told.steps if s.after.kind != "where"]
    if not lines or max(len(to_text(t)) for t in lines) <= LONGEST_LINE:
        return told
    bound = told.answer.value if told.answer.kind == "where" else ()
    names = _Names(lines, {*taken, *bound}, set(told.directions))
    names.choose()
    if not names.meaning:
        return told
    steps = [Step(("R-let",), name, tree, tree, note=described(tree.typed)) for name, tree in names.ordered()]
    for step in told.steps:
        where = step.after.kind == "where"
        after = step.after if where else names.written(step.after)
        steps.append(replace(step, before=names.written(step.before), after=after))
    last = steps[-1]
    if last.after.kind != "where" and last.after is not told.steps[-1].after:
        steps.append(Step(("R-put-back",), last.left, last.after, told.steps[-1].after))
    return replace(told, steps=tuple(steps))


class _Names:
    """What is named, and lines with the names in them."""

    def __init__(self, lines: Sequence[Tree], taken: set[str], directions: set[str]) -> None:
        self.lines, self.taken, self.directions = list(lines), taken | directions, directions
        self.meaning: dict[str, Tree] = {}
        self._keep: list[Tree] = list(lines)  # the trees whose ids are keys
        self._known: dict[int, Tree] = {}
        self._by_text: dict[str, str] = {}

    def choose(self) -> None:
        """Name the part that saves most, again and again."""
        while len(self.meaning) < MOST_NAMES:
            lines = [self.written(t) for t in self.lines]
            if max(len(to_text(t)) for t in lines) <= LONGEST_LINE:
                return
            best = self._best([*lines, *self.meaning.values()])
            name = next((n for n in (CAPITAL if best is not None and best.typed.is_matrix else SMALL)
                         if n not in self.taken), "")  # fmt: skip
            if best is None or not name:
                return
            self.taken.add(name)
            self._by_text[to_text(best)] = name
            self._known.clear()
            inside = {n: t.with_(args=tuple(map(self._replaced, t.args))) for n, t in self.meaning.items()}
            self.meaning = {**inside, name: best}

    def _best(self, lines: Sequence[Tree]) -> Tree | None:
        """The part whose name saves most characters."""
        counts: Counter[str] = Counter()
        found: dict[str, Tree] = {}
        nodes = 0
        for line in lines:
            stack = [line]
            while stack:
                t = stack.pop()
                nodes += 1
                if nodes > MOST_NODES:
                    return None
                if t.kind == "call" and t.name == DIFFERENTIAL:
                    continue
                stack.extend(t.args)
                if t.args and t.kind not in ("arrow", "where", "matrix") and not t.typed.is_row and not self._moves(t):
                    text = to_text(t)
                    if len(text) >= SHORTEST_PART:
                        counts[text] += 1
                        found[text] = t
        gains = {text: (len(text) - 1) * n - len(text) for text, n in counts.items() if n >= FEWEST}
        if not gains:
            return None
        return found[max(gains, key=lambda text: (gains[text], text))]

    def _moves(self, tree: Tree) -> bool:
        """Whether a direction or a d(...) is inside."""
        stack = [tree]
        while stack:
            t = stack.pop()
            if (t.kind == "call" and t.name == DIFFERENTIAL) or (t.kind == "name" and t.name in self.directions):
                return True
            stack.extend(t.args)
        return False

    def written(self, tree: Tree) -> Tree:
        """A line with the names in it."""
        return self._replaced(tree) if self._by_text else tree

    def _replaced(self, tree: Tree) -> Tree:
        def visit(t: Tree, args: Sequence[Tree]) -> Tree:
            if id(t) in self._known:
                return self._known[id(t)]
            if t.kind == "call" and t.name == DIFFERENTIAL:
                return t
            same = all(a is b for a, b in zip(args, t.args, strict=True))
            new = t if same else t.with_(args=tuple(args))
            name = self._by_text.get(to_text(new)) or self._by_text.get(to_text(t)) if t.args else None
            if name is not None:
                new = Tree("name", name=name, shape=t.typed)
            self._keep.append(t)
            self._known[id(t)] = new
            return new

        return fold(tree, visit)

    def ordered(self) -> list[tuple[str, Tree]]:
        """The names with their meanings, each after those that it uses."""
        out: list[tuple[str, Tree]] = []
        left = dict(self.meaning)
        while left:
            ready = [n for n, t in left.items() if not _names_in(t) & (left.keys() - {n})]
            for n in ready or list(left):
                out.append((n, left.pop(n)))
        return out


def _names_in(tree: Tree) -> set[str]:
    found: set[str] = set()
    stack = [tree]
    while stack:
        t = stack.pop()
        found |= {t.name} if t.kind == "name" else set()
        stack.extend(t.args)
    return found
