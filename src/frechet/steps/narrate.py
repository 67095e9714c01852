"""The narrator: from d(f), by the rules of differentials and of identification, to the answer.

The single moves are found first, each by one rule; a level then says which of them are lines. Every line shown is
compared with the one before it; a line that does not hold is an error of frechet's and never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from frechet.language.tree import Tree, fold
from frechet.steps.algebra import is_zero
from frechet.steps.board import DIFFERENTIAL, Board
from frechet.steps.collect import Collector, same_but_order
from frechet.steps.derivation import Step
from frechet.steps.differential import Differentials
from frechet.steps.identify import Identifier, Item
from frechet.steps.laws import applied

LEVELS = ("brief", "normal", "full")
# Rules so plain that on the board they share a line with what follows.
PLAIN = frozenset({"R-constant", "R-sum", "R-linear", "R-scalar-multiple", "R-transpose"})
# Moves of entrywise factors, which stand on a line of their own before the trace is turned.
ENTRYWISE = frozenset({"R-hadamard-move", "R-sum-inner", "R-diag", "R-trace-diag"})
MOST_MOVES = 400
# A normal derivation of more lines than this is told briefly: nobody reads forty lines on a board.
MOST_LINES = 40


@dataclass(frozen=True, slots=True)
class Move:
    """One rule applied: the line after it, and the stage it belongs to; moves of one stage share a normal line."""

    rule: str
    line: Tree
    stage: int


class Narrator:
    """Narrates one derivative on a board."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.page = board.page
        self.differentials = Differentials(board)
        self.identifier = Identifier(board, self.differentials)
        self.moves: list[Move] = []
        self.gap = ""
        self._stage = 0

    # -- differentials ---------------------------------------------------------------------------------------------

    def differentiate(self, tree: Tree) -> Tree:
        """All differentials carried out, round by round; the line that is left, with a `gap` if some could not be."""
        line = self.board.d(tree)
        stuck: set[Tree] = set()
        while not self.gap:
            self._stage += 1
            before = line
            line = self._exhaust(line, PLAIN.__contains__, stuck)
            waiting = self._differentials(line)
            line = self._exhaust(line, lambda rule: True, stuck, waiting)
            line = self._exhaust(line, PLAIN.__contains__, stuck)
            line = self._by_laws(line)
            if line is before:
                break
            if len(self.moves) > MOST_MOVES:
                self.gap = f"more than {MOST_MOVES} single steps"
        if not self._differentials(line):
            scalars = all(v.direction.typed.is_scalar for v in self.board.variables)
            line = line if scalars else self._gathered(line)
        elif not self.gap:
            self.gap = "no rule in words for a part of this function"
        return line

    def _by_laws(self, line: Tree) -> Tree:
        """Functions of the direction that a law makes simpler: dexpm(t*A, dt*A) = dt*A*expm(t*A)."""
        for t in self.board.walk(line):
            if t.kind == "call" and self.board.moving(t) and not self.board.has_differential(t):
                found = applied(self.board, t)
                if found is not None:
                    line = self._replaced(line, t, found[1])
                    self.moves.append(Move(found[0], line, self._stage))
        return line

    def _gathered(self, line: Tree) -> Tree:
        """Sums inside a product or quotient, such as dx'*A*x + x'*A*dx, as 2*x'*A*dx where their terms are alike."""
        self._stage += 1
        for t in Collector(self.board).inner_sums(line):
            for rule, now in Collector(self.board).shortened(t, self.identifier):
                after = self._replaced(line, t, now)
                if after is not line:
                    self.moves.append(Move(rule, after, self._stage))
                    line, t = after, now
        return line

    def _differentials(self, line: Tree) -> list[Tree]:
        return [t for t in self.board.walk(line) if t.kind == "call" and t.name == DIFFERENTIAL]

    def _exhaust(
        self, line: Tree, wanted: Callable[[str], bool], stuck: set[Tree], only: list[Tree] | None = None
    ) -> Tree:
        """Apply the wanted rules until none is left; with `only`, once to each of these."""
        while len(self.moves) <= MOST_MOVES:
            for t in self._differentials(line) if only is None else only:
                if t in stuck:
                    continue
                found = self.differentials.rule(t)
                if found is None:
                    stuck.add(t)
                elif wanted(found[0]):
                    line = self._replaced(line, t, found[1])
                    self.moves.append(Move(found[0], line, self._stage))
                    if only is not None:
                        only = [o for o in only if o is not t]
                    break
            else:
                return line
        return line

    def _replaced(self, line: Tree, old: Tree, new: Tree) -> Tree:
        """The line with one part replaced; what became a sum with 0 or a product with 1 is tidied on the way up."""
        algebra = self.differentials.algebra

        def visit(t: Tree, args: Sequence[Tree]) -> Tree:
            if t is old:
                return new
            if all(a is b for a, b in zip(args, t.args, strict=True)):
                return t
            if t.kind in ("add", "sub") and is_zero(args[1]) and args[0].typed == t.typed:
                return args[0]
            if t.kind in ("add", "sub") and is_zero(args[0]) and args[1].typed == t.typed:
                return args[1] if t.kind == "add" else algebra.neg(args[1])
            if t.kind == "transpose" and self.board.has_differential(args[0]):
                return self.page.make("transpose", args, shape=t.typed)
            return algebra.remade(t, args)

        return _fold_lines(line, visit)

    # -- identification --------------------------------------------------------------------------------------------

    def identify(self, line: Tree, *, vector: bool) -> list[Item] | None:
        """The terms W*dX of a line without differentials; None with a `gap` where a part could not be moved."""
        self.identifier.algebra.keep_diag = vector
        self._stage += 1
        shown = line

        def seen(rule: str, items: list[Item]) -> bool:
            nonlocal shown
            now = self.identifier.shown(items)
            if now is not shown:
                if shown is not line and self._turns(rule):
                    self._stage += 1
                self.moves.append(Move(rule, now, self._stage))
                shown = now
            return len(self.moves) <= MOST_MOVES

        items = self.identifier.terms(line, vector=vector, seen=seen)
        if items is None:
            self.gap = "the weights of the direction were read off, not moved one by one"
        return items

    def _turns(self, rule: str) -> bool:
        """Whether the story turns from entrywise factors to traces and products, which begins a new line."""
        return rule not in ENTRYWISE and self.moves[-1].rule in ENTRYWISE

    def conclude(self, line: Tree, product: Tree, *, vector: bool) -> Tree:
        """From a line without differentials to `product`, the derivative times its direction: the terms moved,
        symmetric matrices freed of their transpose, terms added up, the sum in the answer's form; the last line."""
        items = self.identify(line, vector=vector)
        self._stage += 1
        collector = Collector(self.board)
        product = collector.untransposed(product)
        if items is None:
            self.moves.append(Move("R-collect", product, self._stage))
            return product
        for rule, change in (("R-diag-product", collector.joined), ("R-symmetric", collector.untransposed)):
            items = [i if i.W is None else Item(change(i.W), i.E, i.vector) for i in items]
            shown = self.identifier.shown(items)
            self._show(rule, collector.untransposed(shown) if rule == "R-symmetric" else shown)
        merged = collector.merged(items)
        if len(merged) < len(items):
            self._show("R-collect", collector.untransposed(self.identifier.shown(merged)))
        self._finish(self.moves[-1].line if self.moves else line, product, collector)
        return product

    def _finish(self, before: Tree, product: Tree, collector: Collector) -> None:
        """The answer's own form; terms in another order are no step."""
        if product is before:
            return
        if self.moves and same_but_order(before, product):
            self.moves[-1] = replace(self.moves[-1], line=product)
        else:
            self.moves.append(Move(collector.final_rule(before, product), product, self._stage))

    def _show(self, rule: str, now: Tree) -> None:
        """The next line, if it is another one."""
        if not self.moves or now is not self.moves[-1].line:
            self.moves.append(Move(rule, now, self._stage))

    # -- lines -----------------------------------------------------------------------------------------------------

    def add(self, rule: str, line: Tree) -> None:
        """A line of its own."""
        self._stage += 1
        if not self.moves or self.moves[-1].line is not line:
            self.moves.append(Move(rule, line, self._stage))

    def lines(self, start: Tree, left: str, level: str) -> list[Step]:
        """The lines of a level, each checked against the one before."""
        if level == "normal" and self._stage > MOST_LINES:
            level = "brief"
        groups: list[list[Move]] = []
        for move in self.moves:
            joined = (
                groups
                and level != "full"
                and (groups[-1][-1].stage == move.stage or (level == "brief" and self._still(groups[-1][-1], move)))
            )
            if joined:
                groups[-1].append(move)
            else:
                groups.append([move])
        steps: list[Step] = []
        before = start
        for group in groups:
            after = group[-1].line
            if after is before and level != "full":
                continue
            proof = self.board.checked(before, after)
            steps.append(Step(_by_weight(group), "" if steps else left, before, after, proof))
            before = after
        return steps

    def _still(self, last: Move, move: Move) -> bool:
        """Whether both moves belong to the differentials, or both to the identification."""
        return self.board.has_differential(last.line)


def _by_weight(group: list[Move]) -> tuple[str, ...]:
    """The rules of a line, the telling ones before the plain ones, each once."""
    rules = list(dict.fromkeys(m.rule for m in group))
    return tuple(sorted(rules, key=lambda r: r in PLAIN))


def _fold_lines(line: Tree, visit: Callable[[Tree, Sequence[Tree]], Tree]) -> Tree:
    """Fold a line; the inside of a d(...) is what the user wrote and stays."""

    def step(t: Tree, args: Sequence[Tree]) -> Tree:
        return visit(t, t.args if t.kind == "call" and t.name == DIFFERENTIAL else args)

    return fold(line, step)
