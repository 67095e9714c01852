"""Calls: the result of a function follows from its signatures alone, by unification of their letters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from frechet.core.dims import SCALAR, size_value
from frechet.core.errors import FrechetError, Span, problem
from frechet.core.lazy import np
from frechet.core.operation import Operation, Pattern, Signature, calculated, is_calculated
from frechet.language import clash
from frechet.language.numbers import Value
from frechet.language.rules import Typing
from frechet.language.spell import did_you_mean
from frechet.language.tree import Tree
from frechet.language.typed import Type, show
from frechet.language.unify import Free, Sizes, Term, term
from frechet.ops.op import REGISTRY

Letters = dict[str | int, Free]


def call(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    """The type of `name(args)`: the first signature that fits decides."""
    record = REGISTRY.get(tree.name)
    if record is None:
        raise _no_function(typing, tree)
    fitting = [s for s in record.signatures if len(s.args) == len(tree.args)]
    if not fitting:
        counts = sorted({len(s.args) for s in record.signatures})
        wanted = " or ".join(map(str, counts)) + (" argument" if counts == [1] else " arguments")
        raise problem("E107", f"{tree.name} takes {wanted}, not {len(tree.args)}.", tree.span,
                      help=f"It is written {record.usage}.")  # fmt: skip
    skipped = typing.plan.size_arguments.get(id(tree), frozenset())
    values = iter(args)
    given = [None if i in skipped else next(values) for i in range(len(tree.args))]
    literal = all(t is not None and t.literal for t in given)
    value = _literal_value(record, tree, args) if literal else None
    failures: list[tuple[int, FrechetError]] = []
    for signature in fitting:
        mark = typing.sizes.mark()
        match = _Match(typing, tree, record, signature)
        try:
            return match.run(given)._replace(literal=literal, value=value)
        except FrechetError as error:
            typing.sizes.undo(mark)
            failures.append((match.reached, error))
    raise max(failures, key=lambda f: f[0])[1]


class _Match:
    """One signature tried on the arguments of a call; `reached` counts the arguments that fitted."""

    def __init__(self, typing: Typing, tree: Tree, record: Operation, signature: Signature) -> None:
        self.typing = typing
        self.sizes: Sizes = typing.sizes
        self.tree = tree
        self.record = record
        self.signature = signature
        self.letters: Letters = {}
        self.entry: tuple[Term, Term] | None = None
        self.reached = 0

    def run(self, given: Sequence[Type | None]) -> Type:
        # Sizes first: once m and n are known, mat(v, m, n) can split the length of v.
        places = sorted(range(len(given)), key=lambda i: self.signature.args[i].kind in ("shape", "any"))
        for self.reached, place in enumerate(places):
            pattern, t, arg = self.signature.args[place], given[place], self.tree.args[place]
            if pattern.kind == "literal":
                self._literal(place, arg)
            elif pattern.kind == "size":
                self._unify(self._term(pattern.rows), size_argument(self.typing, arg, self.tree.name), arg)
            elif t is None:
                raise self._wrong_kind(arg, Type())
            elif pattern.kind == "any":
                self._entrywise(given, t)
            elif pattern.kind == "int":
                self._integer(t, arg)
            else:
                self._shape(pattern, t, arg)
        self.reached = len(given)
        return self._result()

    def _result(self) -> Type:
        result = self.signature.result
        if result.kind == "any":
            assert self.entry is not None
            return Type(*self.entry)
        for letter in (*result.rows, *result.cols):
            if is_calculated(letter):
                self.letters[letter] = Free(self._calculated(str(letter)))
            if isinstance(letter, str) and letter not in self.letters:
                self.letters[letter] = Free()
        return Type(self.sizes.flat(self._term(result.rows)), self.sizes.flat(self._term(result.cols)))

    def _calculated(self, text: str) -> int:
        """A size that is calculated; E304 where the sizes in it are no numbers, or too small."""
        known: dict[str, int] = {}
        for letter, free in self.letters.items():
            solved = self.sizes.solved((free,))
            if isinstance(letter, str) and all(isinstance(d, int) for d in solved):
                known[letter] = size_value(solved, {})
        if not set(re.findall("[a-z]", text)) <= set(known):
            raise problem("E304", f"The result of {self.tree.name} has the length {text}, which has no name.",
                          self.tree.span, help="Declare the sizes as numbers.")  # fmt: skip
        if calculated(text, known) < 1:
            raise problem("E300", f"The result of {self.tree.name} has the length {text}, which is not positive here.",
                          self.tree.span, help=self._usage())  # fmt: skip
        return calculated(text, known)

    def _term(self, letters: Sequence[str | int]) -> Term:
        """The letters of a pattern as a size: the letter's unknown, or a literal number."""
        return tuple(self.letters.setdefault(c, Free(c) if isinstance(c, int) else Free(unit=True)) for c in letters)

    def _literal(self, place: int, arg: Tree) -> None:
        if arg.kind != "number" or arg.value != self.signature.args[place].rows[0]:
            alike = [s.args[place] for s in self.record.signatures if len(s.args) == len(self.signature.args)]
            wanted = " or ".join(str(p.rows[0]) for p in alike if p.kind == "literal")
            raise problem("E107", f"This argument of {self.tree.name} is {wanted}.", arg.span, help=self._usage())

    def _integer(self, t: Type, arg: Tree) -> None:
        literal = isinstance(t.value, Fraction) and t.value.denominator == 1
        if not t.scalar or not (literal or self.typing.is_whole(arg)):
            raise problem("E303", f"{self.tree.name} needs an integer here.", arg.span,
                          help='Declare it, facts={"p": ["integer"]}, or write a whole number.')  # fmt: skip

    def _unify(self, a: Term, b: Term, arg: Tree) -> None:
        if not self.sizes.unify(a, b):
            needed, found = self.sizes.show(a), self.sizes.show(b)
            raise problem("E300", f"{self.tree.name} needs the size {needed} here, not {found}.", arg.span,
                          help=self._usage())  # fmt: skip

    def _entrywise(self, given: Sequence[Type | None], t: Type) -> None:
        """All `*` arguments have one shape; a number literal goes with anything, as with `+`."""
        if self.entry is None:
            self.entry = (t.rows, t.cols)
            return
        first = given[0]
        assert first is not None
        before = first if self.reached == 1 else Type(*self.entry)
        self.entry = self.typing.common(self.tree, before, t, lone_scalars=self.record.spreads)

    def _shape(self, pattern: Pattern, t: Type, arg: Tree) -> None:
        mark = self.sizes.mark()
        known = set(self.letters)
        rows, cols = self._term(pattern.rows), self._term(pattern.cols)
        if self.sizes.unify(rows, t.rows) and self.sizes.unify(cols, t.cols):
            self.typing.oddities += t.scalar and bool(rows or cols)
            return
        self.sizes.undo(mark)
        square = pattern.rows == pattern.cols and pattern.rows
        if (square and not self.sizes.fits((t.rows, t.cols))) or not self._right_kind(pattern, t):
            raise self._wrong_kind(arg, t, bool(square))
        shared = [c for c in (*pattern.rows, *pattern.cols) if c in known]
        raise self._clash(arg, t, bool(shared))

    def _right_kind(self, pattern: Pattern, t: Type) -> bool:
        """Whether the argument has no side longer than 1 that the pattern has not: a vector passes for a matrix."""
        return bool(pattern.rows or not t.rows) and bool(pattern.cols or not t.cols)

    def _wrong_kind(self, arg: Tree, t: Type, square: bool = False) -> FrechetError:
        name, shown = clash.text_of(self.typing, arg), show(self.sizes, t)
        if square:
            return problem("E301", f"{self.tree.name} needs a square matrix; {name} is {shown}.", arg.span)
        message = f"{self.tree.name} does not take {name}, which is {shown}."
        if self.tree.name == "mat" and not t.cols and len(self.sizes.flat(t.rows)) > 1:
            help = f"Elsewhere here {name} is read as {self.sizes.show(t.rows)}, and it has one reading in a formula. "
            help += f"Where its length is a number, write this matrix by columns: [{name}[1:3], {name}[4:6]]."
            return problem("E303", message, arg.span, help=help)
        return problem("E303", message, arg.span, help=self._usage())

    def _clash(self, arg: Tree, t: Type, shared: bool) -> FrechetError:
        """The argument does not fit those before it."""
        pairs = [(a, self.typing.types[id(a)]) for a in self.tree.args if id(a) in self.typing.types]
        if not shared or len(pairs) < 2:
            return self._wrong_kind(arg, t)
        sentence = ", ".join(f"{clash.text_of(self.typing, a)} is {show(self.sizes, s)}" for a, s in pairs)
        return problem("E300", f"The arguments of {self.tree.name} do not fit: {sentence}.", arg.span,
                       help=self._usage(), notes=clash.notes(self.typing, *pairs))  # fmt: skip

    def _usage(self) -> str:
        """`It is written solve(A, b): (n,n),(n,m)->(n,m).`"""
        signatures = "; ".join(s.text for s in self.record.signatures)
        return f"It is written {self.record.usage}, with sizes {signatures}."


def size_argument(typing: Typing, tree: Tree, function: str) -> Term:
    """A size written as an argument: the name of a size, a whole number, or a product of them."""
    out: list[Term] = []
    stack = [tree]
    while stack:
        part = stack.pop()
        if part.kind == "mul":
            stack += [part.args[1], part.args[0]]
        elif part.kind == "size" or (part.kind == "name" and part.name in typing.size_names):
            out.append(term((part.value if part.kind == "size" else part.name,)))
        elif part.kind == "number" and part.value.denominator == 1 and 1 <= part.value <= 10**9:
            out.append(term((int(part.value),)))
        else:
            raise _no_size(typing, part, function)
    return tuple(atom for part in out for atom in part)


def _no_size(typing: Typing, tree: Tree, function: str) -> FrechetError:
    sizes = list(typing.size_names)
    known = f"Sizes here: {', '.join(sizes)}." if sizes else "Use a whole number from 1."
    name = clash.text_of(typing, tree)
    if tree.kind == "name" and tree.name not in typing.variables:
        return problem("E200", f"{name!r} is not the size of any variable.", tree.span,
                       help=did_you_mean(tree.name, sizes) or known)  # fmt: skip
    return problem("E107", f"{function} takes a size, and {name} is none.", tree.span, help=known)


def sized(tree: Tree) -> Tree:
    """A size argument as a typed tree: its names become `size` trees."""
    done: list[Tree] = []
    stack = [(tree, False)]
    while stack:
        part, ready = stack.pop()
        if part.kind == "mul" and not ready:
            stack += [(part, True), (part.args[1], False), (part.args[0], False)]
        elif part.kind == "mul":
            right = done.pop()
            done.append(part.with_(args=(done.pop(), right), shape=SCALAR))
        elif part.kind == "name":
            done.append(Tree("size", value=part.name, shape=SCALAR, span=part.span))
        else:
            done.append(part.with_(shape=SCALAR))
    return done[0]


def _no_function(typing: Typing, tree: Tree) -> FrechetError:
    """Something that is no function, written like a call."""
    name = tree.name
    assert tree.span is not None
    span = Span(tree.span.start, tree.span.start + len(name))
    if name in typing.variables or name in typing.plan.names:
        inner = clash.text_of(typing, tree.args[0])
        places = ",".join(clash.text_of(typing, a) for a in tree.args)
        entry = f" Entries are written {name}[{places}]." if all(a.kind == "number" for a in tree.args) else ""
        return problem("E106", f"{name} is a variable, not a function.", span,
                       help=f"A product is written {name}*({inner}).{entry}")  # fmt: skip
    help_ = did_you_mean(name, REGISTRY) or f"Functions: docs/operations.md. A product is written {name}*(...)."
    return problem("E106", f"There is no function {name!r}.", span, help=help_)


def _literal_value(record: Operation, tree: Tree, args: Sequence[Type]) -> Value | None:
    """The value of a function of number literals, log(2); E400 where there is none, log(0)."""
    values = [t.value for t in args]
    if record.value is None or any(v is None for v in values) or len(values) != len(tree.args):
        return None
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(record.value(*[np.full((1, 1), float(v)) for v in values if v is not None]))
    except (ArithmeticError, ValueError):
        found = np.full(1, np.nan)
    if found.size != 1:
        return None
    if not np.isfinite(found.item()):
        needs = f": it needs {record.domain}" if record.domain else ""
        raise problem("E400", f"{record.name} has no value here{needs}.", tree.span)
    return float(found.item())
