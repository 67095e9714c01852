"""`check`, `equal` and `check_statement`: is a formula right?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from frechet.api.derivative import Derivative
from frechet.api.function import Function
from frechet.api.otherwise import otherwise
from frechet.core.dims import Dim, Shape
from frechet.core.errors import FrechetError, problem
from frechet.language.declarations import Declarations, declare
from frechet.language.latex import Reading, readings, statements
from frechet.language.lower import lower, variable_node
from frechet.language.python import formula
from frechet.language.python_source import read_function
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.language.tree import Tree, subtrees
from frechet.notation.text import to_text
from frechet.ops import REGISTRY
from frechet.verdict.bench import untyped
from frechet.verdict.claim import Truth, examine
from frechet.verdict.verdict import RIGHT, UNDECIDED, Verdict

LANGUAGES = ("auto", "text", "latex", "python")
MAX_STATEMENTS = 12
KINDS = ("gradient", "jacobian", "hessian", "derivative", "differential")


@dataclass(frozen=True)
class Said:
    """A formula as somebody gave it: the ways to read it (the likeliest first) and the text its spans point into."""

    trees: tuple[Tree, ...]
    text: str
    known: Declarations | None = None
    ambiguous: bool = False


def check(
    f: Any,
    wrt: str | Sequence[str] | None = None,
    claim: Any = None,
    *,
    kind: str | None = None,
    variables: Mapping[str, Sequence[Dim]] | None = None,
    facts: Mapping[str, Iterable[str]] | None = None,
    domain: Mapping[str, str] | None = None,
    sizes: Iterable[str] | None = None,
    language: str = "auto",
    seed: int = 0,
) -> Verdict:
    """Whether `claim` is the derivative of `f` by `wrt`, or without `wrt` equal to `f`.

    f, claim   text, LaTeX, or objects (Function, Derivative); without a claim, f is a whole statement
    wrt        "w": the gradient of a scalar, the Jacobian of anything else; ("w", "w") second order; ("w", "X") mixed.
               Beyond two sides a claim is read as d vec(F)/d vec(X)', column-major.
    kind       "differential": the claim is linear in the direction, dX for X
    language   "text", "latex" or "python" (an expression over NumPy names); "auto" tells the three apart, for each
               formula by itself. Python functions may be given as they are. Python needs `variables`, unless the other
               formula says what its names are.

    Raises FrechetError where a text cannot be read or the derivative cannot be had.
    """
    if language not in LANGUAGES:
        raise problem("E505", f"{language!r} is no language.", help=f"Known: {', '.join(LANGUAGES)}.")
    if kind is not None and kind not in KINDS:
        raise problem("E505", f"{kind!r} is no kind of derivative.", help=f"Known: {', '.join(KINDS)}.")
    if claim is None:
        return check_statement(f, variables=variables, facts=facts, domain=domain, sizes=sizes, seed=seed)
    given = declare(variables, facts, domain, sizes)
    latex = any(isinstance(t, str) and _is_latex(t) and not _is_python(t, language) for t in (f, claim))
    if variables is None and any(_is_python(t, language) for t in (f, claim)):
        variables = _from_the_other(f, claim, language, given)
        given = declare(variables, facts, domain, sizes)
    along = kind == "differential"
    left, right = _said(f, language, variables, latex), _said(claim, language, variables, latex, along)
    if wrt is not None and not isinstance(wrt, (str, list, tuple)):
        raise problem("E500", "A name of a variable, or a tuple of names, is needed to differentiate by.")
    names = [wrt] if isinstance(wrt, str) else list(wrt or [])
    return _best(left, right, names, kind, given, variables is None, seed)


def equal(a: Any, b: Any, **options: Any) -> Verdict:
    """Whether two formulas are equal; the options of `check`."""
    return check(a, None, b, **options)


def check_statement(
    statement: str,
    *,
    variables: Mapping[str, Sequence[Dim]] | None = None,
    facts: Mapping[str, Iterable[str]] | None = None,
    domain: Mapping[str, str] | None = None,
    sizes: Iterable[str] | None = None,
    seed: int = 0,
) -> Verdict:
    """A whole statement: `a = b` in the text language, or in LaTeX also `\\nabla_w \\|Xw-y\\|^2 = 2X^\\top(Xw-y)`,
    `\\frac{\\partial ...}{\\partial X} = ...`, `\\mathrm d ... = ...`.

    Raises FrechetError where it cannot be read.
    """
    if not isinstance(statement, str):
        raise problem("E100", "A statement is a text with an equals sign.")
    given = declare(variables, facts, domain, sizes)
    if _is_latex(statement):
        return _latex_statement(statement, variables, given, seed)
    sides = statement.replace("==", "=").split("=")
    if len(sides) != 2:
        raise problem("E108", "A statement has one equals sign.", source=statement, help="Write tr(A*B) = tr(B*A).")
    left, right = (_said(s.strip(), "text") for s in sides)
    return _best(left, right, [], None, given, variables is None, seed)


def _latex_statement(statement: str, variables: Any, given: Declarations, seed: int) -> Verdict:
    """The verdict of the reading under which a LaTeX statement fares best."""
    best: Verdict | None = None
    failure: FrechetError | None = None
    for said in statements(statement, variables)[:MAX_STATEMENTS]:
        left = Said((said.function,), statement, ambiguous=True)
        try:
            for claim in said.claims:  # the first of a = b = c that is wrong is what has to be said
                right = Said((claim,), statement, ambiguous=True)
                found = _best(left, right, list(said.wrt), said.kind, given, variables is None, seed)
                if not found:
                    break
        except FrechetError as error:
            failure = failure or error
            continue
        if found:
            return found
        best = found if best is None else best
    if best is None:
        assert failure is not None
        raise failure
    return best


def _is_latex(text: str) -> bool:
    """Backslashes and braces are in no text of the other language."""
    return any(sign in text for sign in ("\\", "^{", "_{"))


def _is_python(given: Any, language: str) -> bool:
    """Whether a formula is Python: a function, or a text with the signs of NumPy, which no other language has."""
    if not isinstance(given, str):
        return callable(given) and not isinstance(given, (Function, Derivative))
    if language != "auto":
        return language == "python"
    return "\\" not in given and any(sign in given for sign in ("@", "np.", "jnp.", "torch.", ".T", "**"))


def _from_the_other(f: Any, claim: Any, language: str, given: Declarations) -> dict[str, Sequence[Dim]] | None:
    """What the names are, from the formula that is not Python; None where both are."""
    other = next((t for t in (f, claim) if not _is_python(t, language)), None)
    if other is None:
        return None
    said = _said(other, language)
    known = said.known
    if known is None:
        _, known = elaborate(said.trees[0], given, infer=True, source=said.text)
    return {n: list(known.axes.get(n, s.axes)) for n, s in known.variables.items()}


def _said(given: Any, language: str, declared: Any = None, latex: bool = False, along: bool = False) -> Said:
    """A formula in any language; LaTeX is known by its backslashes, and beside it (`latex`) `2Ax` is LaTeX too.
    `along`: it holds a direction, dX for X."""
    if isinstance(given, Function):
        return Said((untyped(given.tree),), given.source, given.declarations)
    if isinstance(given, Derivative):
        tree = given.forms.shown
        if tree is None:
            raise problem("E504", "This derivative has no closed form to compare with.")
        return Said((untyped(tree),), to_text(tree), given.function.declarations)
    if _is_python(given, language):
        return _python(given, declared)
    if not isinstance(given, str):
        raise problem("E100", f"A {type(given).__name__} is no formula.", help="Give a text or a Function.")
    if language == "latex" or (language == "auto" and _is_latex(given)):
        trees = tuple(r.tree for r in readings(given, declared, directions=along))
        return Said(trees, given, ambiguous=True)
    try:
        plain: tuple[Tree, ...] = (parse_text(given),)
    except FrechetError:
        if language != "auto" or not latex:
            raise
        plain = ()
    if latex and language == "auto":
        more = tuple(r.tree for r in _quietly(given, declared))
        return Said((*plain, *more), given, ambiguous=len(plain) + len(more) > 1)
    return Said(plain, given)


def _python(given: Any, declared: Any) -> Said:
    """A Python function, or an expression such as `2*X.T @ (X @ w - y)`."""
    if declared is None:
        raise problem("E201", "Python code needs the dimensions of its variables.", help='Say variables={"w": ["n"]}.')
    if isinstance(given, str):
        given = read_function(f"import numpy as np\ndef claim({', '.join(declared)}):\n    return ({given})\n", "claim")
    tree = formula(given, declared)
    return Said((tree,), to_text(tree), ambiguous=True)


def _quietly(given: str, declared: Any) -> list[Reading]:
    """Readings as LaTeX, none if there are none."""
    try:
        return readings(given, declared)
    except FrechetError:
        return []


def _best(
    left: Said, right: Said, names: list[str], kind: str | None, given: Declarations, infer: bool, seed: int
) -> Verdict:
    """The verdict of the reading under which the claim fares best; wrong only if it is wrong under all."""
    best: Verdict | None = None
    failure: FrechetError | None = None
    for f in left.trees:
        for c in right.trees:
            try:
                found = _one(f, c, left, right, names, kind, given, infer, seed)
            except FrechetError as error:
                failure = failure or error
                continue
            if left.ambiguous or right.ambiguous:
                found = replace(found, readings=(f"{to_text(f)}, claim {to_text(c)}",))
            if found:
                return found
            if best is None or (best.status not in (RIGHT, UNDECIDED) and found.assumptions and not best.assumptions):
                best = found
    if best is None:
        assert failure is not None
        raise failure
    return best


def _one(
    f: Tree, c: Tree, left: Said, right: Said, names: list[str], kind: str | None, given: Declarations, infer: bool,
    seed: int,
) -> Verdict:  # fmt: skip
    if left.known is not None:
        given, infer = left.known, False
    if c.kind == "arrow" and kind is None and len(names) == 1:
        kind = "differential"
    function = _function(f, None if kind == "differential" else c, left.text, given, infer)
    truth = _truth(function, names, kind, seed)
    verdict = examine(truth, c, right.text, seed=seed)
    return otherwise(verdict, function, c, names, lambda g: _truth(g, names, kind, seed), seed)


def _function(f: Tree, c: Tree | None, text: str, given: Declarations, infer: bool) -> Function:
    """The typed function. What is not declared is inferred from both formulas together; from f alone if they clash, or
    if the claim would turn a vector of f into a number."""
    if not infer:
        tree, known = elaborate(f, given, source=text)
        return Function(tree, known, text)
    body = c.args[0] if c is not None and c.kind == "arrow" else c
    if body is not None and not _speaks_of_sizes(body, f, given):
        try:
            both, known = elaborate(Tree("where", (f, body), value=("claim_",)), given, infer=True)
            if not _degenerate(both.args[0]):
                return Function(both.args[0], known, text)
        except FrechetError:
            pass  # the claim does not fit f: that is for the verdict to say
    tree, known = elaborate(f, given, infer=True, source=text)
    return Function(tree, known, text)


def _speaks_of_sizes(body: Tree, f: Tree, given: Declarations) -> bool:
    """Whether the claim uses a size by the name it has in f alone: n in 2*x/n."""
    try:
        _, alone = elaborate(f, given, infer=True)
    except FrechetError:
        return False
    return any(t.kind == "name" and t.name in alone.sizes and t.name not in alone.variables for t in subtrees(body))


def _degenerate(tree: Tree) -> bool:
    """Whether something made for vectors or matrices is applied to a number: softmax(s), s', norm2(s)."""
    for t in subtrees(tree):
        whole = t.kind == "transpose" or (t.kind == "call" and REGISTRY[t.name].kind == "opaque")
        whole = whole or (t.kind == "call" and t.name in ("norm2", "norm1", "tr", "sum", "diag", "mean"))
        if whole and t.args[0].kind in ("name", "call") and t.args[0].typed.is_scalar:
            return True
    return False


def _truth(function: Function, names: list[str], kind: str | None, seed: int) -> Truth:
    """What the claim must equal."""
    known = function.declarations
    if not names:
        node = lower(function.tree, {n: variable_node(n, known) for n in known.variables}).root
        sides = (tuple(s for s in function.tree.typed if s),)
        return Truth(node, sides, function.tree.typed.is_row, (function.tree,), function.tree, "", known, equation=True)
    if kind == "differential":
        return _differential(function, names, seed)
    derivative = _derivative(function, names, kind, seed)
    forms = derivative.forms
    row = derivative.request.kind == "jacobian" and not function.tree.typed.axes
    printed, correct = forms.closed, str(derivative)
    if printed is None and forms.kronecker is not None:
        printed, correct = forms.kronecker, derivative.kronecker_form or correct
    return Truth(derivative.node, derivative.sides, row, (function.tree,), printed, correct, known)


def _derivative(function: Function, names: list[str], kind: str | None, seed: int) -> Derivative:
    if kind in ("gradient", "jacobian", "hessian") and len(set(names)) == 1:
        made = getattr(function, kind)(names[0], seed=seed)
        assert isinstance(made, Derivative)
        return made
    if len(names) == 2 and names[0] == names[1] and not function.tree.typed.axes:
        made = function.hessian(names[0], seed=seed)
        assert isinstance(made, Derivative)
        return made
    return function.derivative(*names, seed=seed)


def _differential(function: Function, names: list[str], seed: int) -> Truth:
    if len(names) != 1:
        raise problem("E500", "A differential is by one variable.")
    derivative = function.differential(names[0], seed=seed)
    level = derivative.levels[-1]
    (direction,) = derivative.names
    shape: Shape = function.declarations.variables[names[0]]
    known = function.declarations
    with_direction = replace(
        known, variables={**known.variables, direction: shape}, axes={**known.axes, direction: shape.axes}
    )
    node, printed = level.along, derivative.forms.operator
    sides = (tuple(s for s in function.tree.typed if s),)
    return Truth(node, sides, function.tree.typed.is_row, (function.tree,), printed, str(derivative), with_direction,
                 {direction: level.direction})  # fmt: skip
