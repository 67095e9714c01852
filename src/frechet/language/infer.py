"""Kinds of names that are not declared."""

from __future__ import annotations

from collections.abc import Mapping

from frechet.language.calls import call
from frechet.language.declarations import Declarations
from frechet.language.scopes import Plan
from frechet.language.types import Type
from frechet.language.typing import Typing


def guess(plan: Plan, given: Declarations, declared: Mapping[str, Type], source: str) -> Typing:
    typing = Typing(plan, declared, frozenset(given.sizes), source)
    typing.run(call)
    return typing
