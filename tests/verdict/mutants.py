"""Right formulas with one fault put in, and how the verdicts on them come out.

python -m tests.verdict.mutants [number] [seed]       the table of causes: fault put in against cause named
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import frechet as fr
from frechet.core.errors import FrechetError
from frechet.language.text import parse_text
from frechet.language.tree import Tree, subtrees
from frechet.notation.text import to_text
from frechet.verdict import align
from tests.cases.judge import parse
from tests.cases.suite import Case, cases, draws, uses_later_function


def _sign(rng: random.Random, tree: Tree) -> Tree:
    term = rng.choice(align.terms(tree))
    return align.replaced(tree, term, align.scaled(term, -1))


def _factor(rng: random.Random, tree: Tree) -> Tree:
    term = rng.choice(align.terms(tree))
    return align.replaced(tree, term, align.scaled(term, rng.choice([2, 3, 4])))


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
    sums = [t for t in subtrees(tree) if t.kind in ("add", "sub")]
    part = rng.choice(sums)
    return align.replaced(tree, part, rng.choice(part.args))


def _layout(rng: random.Random, tree: Tree) -> Tree:
    return Tree("transpose", (tree,))


FAULTS: dict[str, Callable[[random.Random, Tree], Tree]] = {
    "sign": _sign, "factor": _factor, "transpose": _transpose, "order": _order, "missing term": _dropped,
    "layout": _layout,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    case: Case
    fault: str
    text: str


def mutants(number: int, seed: int = 0) -> list[Mutant]:
    """Mutants that can be read and have the shape and another value than the truth, faults in turn."""
    rng = random.Random(seed)
    known = [c for c in cases() if c.expected and not c.later and not uses_later_function(c.expected)]
    out: list[Mutant] = []
    tries = 0
    while len(out) < number and tries < 60 * number:
        tries += 1
        fault = list(FAULTS)[tries % len(FAULTS)]
        case = rng.choice(known)
        try:
            text = to_text(FAULTS[fault](rng, parse_text(case.expected or "")))
        except IndexError:
            continue
        if not (turned(case) if fault == "layout" else differs(case, text)):
            continue
        out.append(Mutant(case, fault, text))
    return out


def turned(case: Case) -> bool:
    """Whether the transpose of the truth is something else: a row, or a matrix that is not symmetric."""
    truth = draws(case.id)[0].truth
    square = truth.ndim == 2 and truth.shape[0] == truth.shape[1]
    return truth.ndim == 1 or (truth.ndim == 2 and not (square and np.allclose(truth, truth.T)))


def differs(case: Case, text: str) -> bool:
    """Whether the mutant, where it can be read in the truth's shape, has another value at the stored points."""
    for draw in draws(case.id):
        try:
            value = np.asarray(parse(case, text).evaluate(**draw.arrays))
        except FrechetError:
            return False
        if value.shape != draw.truth.shape:
            return False
        if np.max(np.abs(value - draw.truth), initial=0) > 1e-6 * np.max(np.abs(draw.truth), initial=1e-300):
            return True
    return False


def verdict_on(mutant: Mutant) -> fr.Verdict:
    case = mutant.case
    wrt = case.wrt[0] if len(case.wrt) == 1 else tuple(case.wrt)
    return fr.check(
        case.expr,
        wrt,
        mutant.text,
        variables=case.vars,
        facts=case.props,
        domain=case.domain,
        sizes=case.requires,
        kind=case.kind if case.kind in ("gradient", "jacobian", "hessian") else None,
    )


def named(mutant: Mutant, verdict: fr.Verdict) -> str:
    """The cause that was named, or the verdict where none was."""
    if mutant.fault in verdict.causes:
        return mutant.fault
    return verdict.causes[0] if verdict.causes else verdict.status


def main(argv: list[str]) -> int:
    number, seed = (int(a) for a in (*argv, "120", "0")[:2])
    table: Counter[tuple[str, str]] = Counter()
    unrefuted = []
    for mutant in mutants(number, seed):
        verdict = verdict_on(mutant)
        table[mutant.fault, named(mutant, verdict)] += 1
        if verdict.status in ("right", "undecided") and mutant.fault != "layout":
            unrefuted.append((mutant, verdict))
        if "-v" in argv or mutant.fault not in verdict.causes:
            print(
                f"{mutant.fault:13} {mutant.case.id}: {mutant.case.expected}  ->  {mutant.text}: {verdict.status}, "
                f"{', '.join(verdict.causes)}"
            )
    for fault in FAULTS:
        row = {cause: n for (f, cause), n in table.items() if f == fault}
        print(f"{fault:13} {sum(row.values()):4}  " + ", ".join(f"{c} {n}" for c, n in sorted(row.items())))
    hits = sum(n for (f, c), n in table.items() if f == c)
    print(f"cause named: {hits} of {sum(table.values())}; not refuted: {len(unrefuted)}")
    for mutant, verdict in unrefuted:
        print("  not refuted", mutant, verdict.status)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
