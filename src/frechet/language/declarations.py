"""What the user says about the names of a formula: shapes, facts, how values are drawn, relations of sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from frechet.core.dims import Dim, Shape, Size
from frechet.core.errors import FrechetError, problem
from frechet.core.facts import COMPLEX
from frechet.language.spell import did_you_mean, joined, listed
from frechet.language.tokens import MAX_NAME
from frechet.language.typed import Type
from frechet.language.unify import term
from frechet.ops.op import REGISTRY

SQUARE_FACTS = frozenset({"symmetric", "spd", "orthogonal", "diagonal", "lower", "upper", "skew", "toeplitz",
                          "invertible", "idempotent"})  # fmt: skip
FACTS = SQUARE_FACTS | {"positive", "constant", "integer", "unit_norm", "commuting"}
SQUARE_DOMAINS = frozenset({"spd", "symmetric", "invertible", "orthogonal"})
DOMAINS = SQUARE_DOMAINS | {"positive", "unit", "small", "pm1", "simplex", "labels01"}
RESERVED = frozenset({"where"})
MAX_SIZE = 10**9

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z", re.ASCII)
_RELATION = re.compile(r"\s*([A-Za-z]\w*|\d+)\s*(>=|<=|==|=|>|<)\s*([A-Za-z]\w*|\d+)\s*\Z", re.ASCII)


class Constraint(NamedTuple):
    """A relation of two sizes; op is ">", ">=" or "=="."""

    left: Dim
    op: str
    right: Dim

    def __str__(self) -> str:
        return f"{self.left} {self.op} {self.right}"


@dataclass(frozen=True, slots=True)
class Declarations:
    """Everything known about the names of a formula.

    `axes` are the dimensions as the user gave them. `variables` may differ: an axis of size 1 is dropped (1 x 1
    values are scalars), and elaboration splits an integer axis that met a composite size, 12 into (3, 4).
    """

    variables: dict[str, Shape] = field(default_factory=dict)
    facts: dict[str, frozenset[str]] = field(default_factory=dict)
    domain: dict[str, str] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    axes: dict[str, Size] = field(default_factory=dict)

    @property
    def integers(self) -> frozenset[str]:
        """The names declared integers."""
        return frozenset(name for name, words in self.facts.items() if "integer" in words)

    @property
    def sizes(self) -> tuple[str, ...]:
        """The names of sizes, in order of appearance."""
        names = [d for shape in self.variables.values() for d in shape.axes if isinstance(d, str)]
        return tuple(dict.fromkeys(names))


def declare(
    variables: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    domain: Mapping[str, Any] | None = None,
    sizes: Iterable[str] | None = None,
) -> Declarations:
    """Check and gather a user's declarations; E201, E202 or E203 where they cannot be understood."""
    shapes: dict[str, Shape] = {}
    axes: dict[str, Size] = {}
    for name, dims in _mapping(variables, "variables", '{"X": ["m", "n"], "w": ["n"], "c": []}').items():
        check_name(name)
        axes[name] = _axes(name, dims)
        shapes[name] = _shape(name, dims)
    known = None if variables is None else shapes
    all_facts = {
        name: _words(name, words, FACTS, "fact", known)
        for name, words in _mapping(facts, "facts", '{"A": ["symmetric"]}').items()
    }
    all_domains = {
        name: next(iter(_words(name, [word], DOMAINS, "domain", known)))
        for name, word in _mapping(domain, "domain", '{"x": "positive"}').items()
    }
    result = Declarations(shapes, all_facts, all_domains, _constraints(sizes), axes)
    check_square(result)
    return result


def _mapping(given: Any, what: str, example: str) -> Mapping[Any, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise problem("E201", f"`{what}` is not a dictionary.", help=f"Write {what}={example}.")
    return given


def check_name(name: Any) -> None:
    """Refuse what cannot be a variable."""
    if not isinstance(name, str) or not _NAME.match(name) or len(name) > MAX_NAME:
        shown = repr(name)[:60] if isinstance(name, str) else type(name).__name__
        raise problem("E202", f"{shown} cannot be the name of a variable.",
                      help="Names are letters, digits and underscores, and begin with a letter.")  # fmt: skip
    if name in REGISTRY:
        raise problem("E202", f"{name} is a function; a variable cannot have its name.", help="Choose another name.")
    if name in RESERVED:
        raise problem("E202", f"{name} is a word of the language; a variable cannot have its name.")


def _shape(name: str, dims: Any) -> Shape:
    """`[]`, `["n"]`, `["m", "n"]` as rows and columns; a dimension may be a product, "m*n"."""
    sizes = [_size(name, d) for d in _listed_dims(name, dims)]
    rows, cols = (*sizes, (), ())[:2]
    return Shape(*(tuple(d for d in size if d != 1) for size in (rows, cols)))


def _axes(name: str, dims: Any) -> Size:
    return tuple(d.strip() if isinstance(d, str) else d for d in _listed_dims(name, dims))


def _listed_dims(name: str, dims: Any) -> list[Any]:
    help = 'Write [] for a scalar, ["n"] for a vector, ["m", "n"] for a matrix.'
    if not isinstance(dims, (list, tuple)):
        raise problem("E201", f"The dimensions of {name} are not a list.", help=help)
    if len(dims) > 2:
        raise problem("E201", f"{name} has {len(dims)} dimensions; at most two are possible.", help=help)
    return list(dims)


def _size(name: str, dim: Any) -> Size:
    """One declared dimension."""
    if isinstance(dim, int) and not isinstance(dim, bool):
        if not 1 <= dim <= MAX_SIZE:
            raise problem("E201", f"{dim} is no size for {name}.", help="A size is a name or a whole number from 1.")
        return (dim,)
    parts = [p.strip() for p in dim.split("*")] if isinstance(dim, str) and len(dim) <= 200 else [""]
    if not all((_NAME.match(p) and p not in RESERVED) or re.fullmatch(r"[1-9][0-9]{0,8}", p) for p in parts):
        shown = repr(dim)[:60] if isinstance(dim, str) else f"a {type(dim).__name__}"
        raise problem("E201", f"{shown} is no size for {name}.", help="A size is a name or a whole number from 1.")
    return tuple(int(p) if p.isdigit() else p for p in parts)


def _words(
    name: Any, words: Any, known: frozenset[str], what: str, variables: Mapping[str, Shape] | None
) -> frozenset[str]:
    """The facts (or the domain) of one variable."""
    if variables is not None and name not in variables:
        raise undeclared(name, variables, f"A {what} is given for")
    check_name(name)
    words = [words] if isinstance(words, str) else words
    if not isinstance(words, (list, tuple, set, frozenset)):
        raise problem("E203", f"The {what} of {name} is not a word.", help=f"Known: {listed(sorted(known), 20)}.")
    for word in words:
        if not isinstance(word, str) or word not in known:
            shown = repr(word)[:40] if isinstance(word, str) else type(word).__name__
            hint = did_you_mean(word, sorted(known)) if isinstance(word, str) else ""
            if word in COMPLEX:
                hint = "Complex variables are for fr.parse (and frechet diff): the gradient and Wirtinger derivatives."
            raise problem("E203", f"{shown} is not a known {what} (of {name}).",
                          help=hint or f"Known: {listed(sorted(known), 20)}.")  # fmt: skip
    return frozenset(words)


def undeclared(name: Any, variables: Iterable[str], lead: str) -> FrechetError:
    """The error for a word about a name that is no variable."""
    shown = name[:60] if isinstance(name, str) else type(name).__name__
    known = list(variables)
    hint = joined(shown, known) or did_you_mean(shown, known) or f"Variables: {listed(known) or 'none'}."
    return problem("E200", f"{lead} {shown!r}, which is not a declared variable.", help=hint)


def check_square(given: Declarations) -> None:
    """Facts and domains that only a square matrix can have."""
    for name, shape in given.variables.items():
        words = given.facts.get(name, frozenset()) & SQUARE_FACTS | ({given.domain.get(name, "")} & SQUARE_DOMAINS)
        if words and not (shape.is_matrix and shape.rows == shape.cols) and shape.axes:
            raise problem("E203", f"{name} cannot be {sorted(words)[0]}: it is a {shape}.",
                          help="Only a square matrix can.")  # fmt: skip


def declared_types(given: Declarations) -> dict[str, Type]:
    """The types to begin with; the sides of a matrix with a fact of square ones are one and the same size."""
    types = {}
    for name, shape in given.variables.items():
        rows = term(shape.rows)
        words = given.facts.get(name, frozenset()) & SQUARE_FACTS | ({given.domain.get(name, "")} & SQUARE_DOMAINS)
        types[name] = Type(rows, rows if words and shape.rows == shape.cols else term(shape.cols))
    return types


def check_relations(given: Declarations) -> None:
    """Relations speak of sizes that some variable has."""
    known = given.sizes
    for relation in given.constraints:
        for dim in (relation.left, relation.right):
            if isinstance(dim, str) and dim not in known:
                raise problem("E201", f"The relation {relation} speaks of {dim!r}, which is no size here.",
                              help=did_you_mean(dim, known) or f"Sizes here: {listed(known) or 'none'}.")  # fmt: skip
    _check_possible(given.constraints)


def _check_possible(relations: Sequence[Constraint]) -> None:
    """Relations that no sizes obey: each pass raises the smallest size that a name can have, and after as many passes
    as there are relations nothing may rise any more (Bellman and Ford)."""
    both = [*relations, *(Constraint(r.right, r.op, r.left) for r in relations if r.op == "==")]
    least: dict[Dim, int] = {}
    for number in range(len(both) + 2):
        for relation in both:
            left, op, right = relation
            wanted = (right if isinstance(right, int) else least.get(right, 1)) + (op == ">")
            if isinstance(left, int) and left >= wanted:
                continue
            if isinstance(left, int) or (number > len(both) and least.get(left, 1) < wanted):
                raise problem("E201", "No sizes obey these relations together: "
                              f"{', '.join(map(str, relations))}.", help="Leave one of them out.")  # fmt: skip
            least[left] = max(least.get(left, 1), wanted)


def _constraints(sizes: Any) -> tuple[Constraint, ...]:
    """`["m>n", "k<=3"]`."""
    if sizes is None:
        return ()
    sizes = [sizes] if isinstance(sizes, str) else sizes
    if not isinstance(sizes, (list, tuple)):
        raise problem("E201", "`sizes` is not a list.", help='Write sizes=["m>n"].')
    out = []
    for text in sizes:
        found = _RELATION.match(text) if isinstance(text, str) and len(text) <= 200 else None
        if found is None:
            shown = repr(text)[:60] if isinstance(text, str) else type(text).__name__
            raise problem("E201", f"{shown} is not a relation of sizes.", help='Write sizes=["m>n", "n>=2"].')
        left, op, right = found.groups()
        if op.startswith("<"):
            left, op, right = right, op.replace("<", ">"), left
        out.append(Constraint(_dim(left), "==" if op == "=" else op, _dim(right)))
    return tuple(out)


def _dim(text: str) -> Dim:
    return int(text) if text.isdigit() else text
