"""Right formulas with one fault put in, and how the verdicts on them come out.

python -m tests.verdict.mutations --count 500 --seed 1     the table of causes: fault put in against cause named
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

import frechet as fr
from frechet.core.errors import FrechetError
from frechet.language.text import parse_text
from frechet.language.tree import Tree, number, subtrees
from frechet.notation.text import to_text
from frechet.verdict import align
from tests.cases.judge import parse
from tests.cases.suite import Case, cases, draws, uses_later_function

Fault = Callable[[random.Random, Tree], Tree]


def _sign(rng: random.Random, tree: Tree) -> Tree:
    """A term of a sum, also of one inside a function, or the argument of a function."""
    inner = [
        t.args[0] for t in subtrees(tree) if t.kind == "call" and t.args and t.args[0].kind not in ("number", "size")
    ]
    part = rng.choice(align.terms(tree) + inner)
    return align.replaced(tree, part, align.scaled(part, -1))


def _factor(rng: random.Random, tree: Tree) -> Tree:
    """A number on a term, or on the argument of a function."""
    inner = [t.args[0] for t in subtrees(tree) if t.kind == "call" and t.name in INNER]
    part = rng.choice(align.terms(tree) + inner)
    return align.replaced(tree, part, align.scaled(part, rng.choice([2, 3, 4, Fraction(1, 2)])))


def _transpose(rng: random.Random, tree: Tree) -> Tree:
    part = rng.choice([t for t in subtrees(tree) if t.kind in ("name", "transpose")])
    new = part.args[0] if part.kind == "transpose" else Tree("transpose", (part,))
    return align.replaced(tree, part, new)


def _order(rng: random.Random, tree: Tree) -> Tree:
    chain = rng.choice([c for c in align.chains(tree) if c.kind == "mul"])
    parts = align.chain(chain)
    k = rng.randrange(len(parts) - 1)
    parts[k], parts[k + 1] = parts[k + 1], parts[k]
    return align.replaced(tree, chain, align.joined("mul", parts, None))


def _dropped(rng: random.Random, tree: Tree) -> Tree:
    part = rng.choice([t for t in subtrees(tree) if t.kind in align.SUMS])
    kept = rng.choice([0, 1])
    new = part.args[kept]
    if kept and part.kind in ("sub", "dotsub"):
        new = Tree("neg", (new,))
    return align.replaced(tree, part, new)


def _lost_factor(rng: random.Random, tree: Tree) -> Tree:
    """A factor of a product that is not a number: the chain rule forgotten."""
    chain = rng.choice(list(align.chains(tree)))
    parts = align.chain(chain)
    k = rng.choice([k for k, p in enumerate(parts) if any(t.kind == "name" for t in subtrees(p))])
    return align.replaced(tree, chain, align.joined(chain.kind, parts[:k] + parts[k + 1 :], None))


def _product(kind: str, other: str) -> Fault:
    def fault(rng: random.Random, tree: Tree) -> Tree:
        part = rng.choice([t for t in subtrees(tree) if t.kind == kind])
        return align.replaced(tree, part, Tree(other, part.args))

    return fault


def _renamed(one: str, other: str) -> Fault:
    def fault(rng: random.Random, tree: Tree) -> Tree:
        part = rng.choice([t for t in subtrees(tree) if t.kind == "call" and t.name == one and len(t.args) == 1])
        return align.replaced(tree, part, Tree("call", part.args, name=other))

    return fault


def _norm(rng: random.Random, tree: Tree) -> Tree:
    """Another norm, or the square forgotten."""
    squares = [t for t in subtrees(tree) if t.kind == "pow" and t.args[0].kind == "call" and t.args[0].name == "norm2"]
    norms = [t for t in subtrees(tree) if t.kind == "call" and t.name in ("norm1", "norm2", "norminf")]
    part = rng.choice(squares + norms)
    if part.kind == "pow":
        return align.replaced(tree, part, part.args[0])
    other = rng.choice([n for n in ("norm1", "norm2", "norminf", "square") if n != part.name])
    if other == "square":
        return align.replaced(tree, part, Tree("pow", (part, number(2))))
    return align.replaced(tree, part, Tree("call", part.args, name=other))


def _layout(rng: random.Random, tree: Tree) -> Tree:
    return Tree("transpose", (tree,))


INNER = ("exp", "log", "sin", "cos", "tanh", "sigmoid", "softmax", "relu", "sign", "sqrt", "softplus", "inv")
FAULTS: dict[str, Fault] = {
    "sign": _sign, "factor": _factor, "transpose": _transpose, "order": _order, "missing term": _dropped,
    "layout": _layout, "missing factor": _lost_factor, "elementwise product": _product("mul", "dotmul"),
    "matrix product": _product("dotmul", "mul"), "trace for sum": _renamed("sum", "tr"),
    "sum for trace": _renamed("tr", "sum"), "norm": _norm,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    case: Case
    fault: str
    text: str


class Source:
    """Mutants in a fixed order; those that still have the value of the truth at the stored points are only counted."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = random.Random(seed)
        self.known = [
            c for c in cases() if c.expected and not (c.later or c.structured) and not uses_later_function(c.expected)
        ]
        self.still_true = 0
        self.unreadable = 0
        self.seen: set[tuple[str, str]] = set()

    def mutants(self, number: int, faults: tuple[str, ...] = tuple(FAULTS)) -> Iterator[Mutant]:
        """Kinds of faults in turn, each in a random case that has a place for it."""
        found = rounds = 0
        while found < number and rounds < 20 * number:
            fault = faults[rounds % len(faults)]
            rounds += 1
            mutant = next(filter(None, (self.one(fault) for _ in range(60))), None)
            if mutant is not None:
                found += 1
                yield mutant

    def one(self, fault: str) -> Mutant | None:
        """A fault in a random case, None where it has no place or changes nothing that can be read."""
        case = self.rng.choice(self.known)
        try:
            text = to_text(FAULTS[fault](self.rng, parse_text(case.expected or "")))
        except IndexError:
            return None
        if (case.id, text) in self.seen:
            return None
        self.seen.add((case.id, text))
        changed = turned(case) if fault == "layout" else self.differs(case, text)
        return Mutant(case, fault, text) if changed else None

    def differs(self, case: Case, text: str) -> bool:
        """Whether the mutant, where it can be read in the truth's shape, has another value at the stored points."""
        for draw in draws(case.id):
            try:
                value = np.asarray(parse(case, text).evaluate(**draw.arrays))
            except FrechetError:
                self.unreadable += 1
                return False
            if value.shape != draw.truth.shape:
                self.unreadable += 1
                return False
            if np.max(np.abs(value - draw.truth), initial=0) > 1e-6 * np.max(np.abs(draw.truth), initial=1e-300):
                return True
        self.still_true += 1
        return False


def mutants(number: int, seed: int = 0) -> list[Mutant]:
    """So many mutants that differ from the truth."""
    return list(Source(seed).mutants(number))


def turned(case: Case) -> bool:
    """Whether the transpose of the truth is something else: a row, or a matrix that is not symmetric."""
    truth = draws(case.id)[0].truth
    square = truth.ndim == 2 and truth.shape[0] == truth.shape[1]
    return truth.ndim == 1 or (truth.ndim == 2 and not (square and np.allclose(truth, truth.T)))


def verdict_on(mutant: Mutant) -> fr.Verdict:
    """The verdict on the mutant as a claim, everything declared as in the case."""
    case = mutant.case
    wrt = case.wrt[0] if len(case.wrt) == 1 else tuple(case.wrt)
    return fr.check(
        case.expr, wrt, mutant.text, variables=case.vars, facts=case.props, domain=case.domain, sizes=case.requires,
        kind=case.kind if case.kind in ("gradient", "jacobian", "hessian") else None,
    )  # fmt: skip


def refuted(mutant: Mutant, verdict: fr.Verdict) -> bool:
    """Whether the claim was not let through: wrong, or right only with an assumption that is named, or as the
    transpose where that is the fault."""
    return verdict.status in ("wrong", "right under assumptions", "right up to layout")


def named(mutant: Mutant, verdict: fr.Verdict) -> str:
    """The cause that was named, or the verdict where none was."""
    if mutant.fault in verdict.causes:
        return mutant.fault
    return verdict.causes[0] if verdict.causes else f"({verdict.status})"


def table(found: list[tuple[Mutant, fr.Verdict]]) -> str:
    """Fault put in against cause named."""
    counts = Counter((m.fault, named(m, v)) for m, v in found)
    lines = []
    for fault in FAULTS:
        row = {cause: n for (f, cause), n in counts.items() if f == fault}
        total = sum(row.values())
        others = ", ".join(f"{c} {n}" for c, n in sorted(row.items(), key=lambda i: -i[1]) if c != fault)
        lines.append(f"{fault:20} {row.get(fault, 0):4} of {total:4}   {others}")
    hits = sum(n for (f, c), n in counts.items() if f == c)
    let_through = [m for m, v in found if not refuted(m, v)]
    lines.append(f"cause named: {hits} of {len(found)} = {hits / max(len(found), 1):.1%}")
    lines.append(f"refuted: {len(found) - len(let_through)} of {len(found)}")
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Verdicts on right formulas with one fault put in.")
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fault", choices=list(FAULTS), help="this kind only")
    parser.add_argument("-v", action="store_true", help="every mutant, not only those whose cause is missed")
    options = parser.parse_args(argv)
    source = Source(options.seed)
    found = []
    for mutant in source.mutants(options.count, (options.fault,) if options.fault else tuple(FAULTS)):
        start = time.perf_counter()
        verdict = verdict_on(mutant)
        found.append((mutant, verdict))
        if options.v or mutant.fault not in verdict.causes or not refuted(mutant, verdict):
            case = mutant.case
            print(
                f"{mutant.fault:13} {case.id}: {case.expected}  ->  {mutant.text}\n    {verdict.status}, "
                f"{', '.join(verdict.causes)}: {verdict.explanation} [{time.perf_counter() - start:.1f} s]",
                flush=True,
            )
    print(table(found))
    print(f"apart: {source.still_true} mutants that stay true, {source.unreadable} of another shape")
    return int(any(not refuted(m, v) for m, v in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
