"""Elaboration: an untyped tree and declarations to a typed tree and complete declarations.

One plan (`scopes`), one pass of the rules (`rules`, `calls`) that unifies sizes (`unify`), one pass that writes
the solved shapes into the tree. What the user wrote stays as it is: broadcasting is read off the shapes.
"""

from __future__ import annotations

from frechet.core.dims import SCALAR, Shape
from frechet.core.errors import FrechetError, located, problem
from frechet.language.calls import call, sized
from frechet.language.declarations import Constraint, Declarations, check_relations, check_square, declared_types
from frechet.language.infer import guess
from frechet.language.naming import name_sizes
from frechet.language.rules import Typing
from frechet.language.scopes import Plan, make_plan
from frechet.language.tree import Tree
from frechet.language.typed import Type
from frechet.language.unify import Free

TOWER = 500


def elaborate(
    tree: Tree, declarations: Declarations, *, infer: bool = False, source: str = ""
) -> tuple[Tree, Declarations]:
    """The typed tree, and the declarations complete and resolved.

    With `infer`, names that are not declared get a kind from their use and their letter; without, they are errors.
    """
    try:
        plan = make_plan(tree, declarations.variables)
        _check_towers(plan)
        typing = guess(plan, declarations, source) if infer else _declared(plan, declarations, source)
        name_sizes(typing)
        _check_known(plan, typing)
        resolved = _resolved(declarations, typing)
        return _typed(plan, typing, tree), resolved
    except FrechetError as error:
        raise located(error, source) from None


def _check_towers(plan: Plan) -> None:
    """Refuse a tower of more powers on powers than anybody means: its derivative is as long as it is high."""
    height: dict[int, int] = {}
    for tree in plan.order:
        below = height.get(id(tree.args[0]), 0) if tree.kind in ("pow", "dotpow") else -1
        height[id(tree)] = below + 1
        if below >= TOWER:
            raise problem("E402", f"More than {TOWER} powers stand on one another.", tree.span,
                          help="Multiply the exponents: (a^b)^c is a^(b*c).")  # fmt: skip


def _declared(plan: Plan, given: Declarations, source: str) -> Typing:
    typing = Typing(plan, declared_types(given), dict.fromkeys(given.sizes), source)
    typing.integers = given.integers
    typing.run(call)
    return typing


def _check_known(plan: Plan, typing: Typing) -> None:
    """Every size must be known in the end: `sum(vector(1))` has none."""
    for tree in plan.order:
        if tree.kind != "call":
            continue
        t = typing.types[id(tree)]
        for atom in typing.sizes.flat(t.rows + t.cols):
            if isinstance(atom, Free) and atom.open and not atom.name:
                raise problem("E304", f"Nothing says which size {tree.name}(...) has here.", tree.span,
                              help="Write ones(n) or ones(m, n) with the size meant.")  # fmt: skip


def _resolved(given: Declarations, typing: Typing) -> Declarations:
    shapes = {name: _solved(typing, t) for name, t in typing.variables.items()}
    axes = {name: given.axes.get(name, shape.axes) for name, shape in shapes.items()}
    needed: dict[Constraint, None] = dict.fromkeys(given.constraints)
    for side, place in typing.indexed:
        names = [d for d in typing.sizes.solved(side) if isinstance(d, str)]
        if len(names) == 1:
            needed[Constraint(names[0], ">=", place)] = None
    facts = dict(given.facts)
    for name in sorted(typing.found_integers):
        facts[name] = facts.get(name, frozenset()) | {"integer"}
    result = Declarations(shapes, facts, dict(given.domain), tuple(needed), axes)
    check_square(result)
    check_relations(result)
    return result


def _solved(typing: Typing, t: Type) -> Shape:
    return Shape(typing.sizes.solved(t.rows), typing.sizes.solved(t.cols))


def _typed(plan: Plan, typing: Typing, root: Tree) -> Tree:
    """The tree again, with its shapes; a name that is a size becomes a `size` tree."""
    done: dict[int, Tree] = {}
    shapes: dict[int, Shape] = {}
    for tree in plan.order:
        t = typing.types[id(tree)]
        shape = SCALAR if t.scalar else shapes.get(id(t))
        if shape is None:
            shape = shapes[id(t)] = _solved(typing, t)
        if tree.kind == "name" and id(tree) not in plan.bound and tree.name not in typing.variables:
            done[id(tree)] = Tree("size", value=tree.name, shape=SCALAR, span=tree.span)
        else:
            args = tuple(done[id(a)] if id(a) in done else sized(a) for a in tree.args)
            done[id(tree)] = Tree(tree.kind, args, tree.name, tree.value, shape, tree.span)
    return done[id(root)]
