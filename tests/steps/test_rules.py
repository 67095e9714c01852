"""The rule book: complete, its identities right, its page up to date."""

from __future__ import annotations

import re

import pytest

import frechet as fr
from frechet.core.errors import FrechetError
from frechet.steps import pages
from frechet.steps.book.identities import TABLE
from frechet.steps.rules import CHAPTERS, WRITTEN, all_ids, rule

NAMED = {  # what the notes call the rule, and its id here
    "sum": "R-sum", "scalar product": "R-scalar-product", "scalar multiplication": "R-scalar-multiple",
    "dot product": "R-dot", "chain": "R-chain-gradient", "bilinear product rule": "R-product",
    "derivative of a linear map is itself": "R-linear", "chain rule as composition": "R-chain",
    "plugging in 1_ij": "R-partial", "paths": "R-paths", "identity table": "R-table-quadratic",
}  # fmt: skip


def test_every_rule_says_what_why_and_gives_an_example() -> None:
    for written in WRITTEN.values():
        assert re.fullmatch(r"R-[a-z-]+", written.id)
        assert written.words and (written.law or written.id == "R-engine")
        assert (written.proof and written.example) or written.id == "R-engine"
    assert set(pages.TITLES) == set(CHAPTERS) and len(all_ids()) == len(set(all_ids()))


@pytest.mark.parametrize("id", NAMED.values())
def test_the_rules_of_the_notes_are_there(id: str) -> None:
    assert id in WRITTEN


@pytest.mark.parametrize("id", TABLE)
def test_an_identity_is_true(id: str) -> None:
    formula, wrt, answer = TABLE[id]
    variables = {"b": ["m"], "x": ["n"]} if id == "R-table-constant" else None
    found = fr.parse(formula, variables=variables, infer=True).derivative(wrt)
    assert fr.check(fr.parse(formula, variables=variables, infer=True), wrt, answer).status == "right", str(found)


def test_the_rules_of_functions_are_made_from_their_declarations() -> None:
    assert rule("R-inv").law == "d(inv(U)) = -inv(U)*dU*inv(U)" and r"U^{-1} \, \mathrm{d}U" in rule("R-inv").latex
    assert rule("R-tanh").law == "d(tanh(u)) = (1 - tanh(u).^2).*du"
    kron = rule("R-logdet-of-kron")
    assert kron.law == "logdet(kron(A, B)) = q*logdet(A) + p*logdet(B)" and kron.condition.startswith("A of size p")


def test_an_unknown_rule_is_refused_with_a_suggestion() -> None:
    with pytest.raises(FrechetError, match="R-trace-cyclic"):
        rule("R-trace-cyclik")
