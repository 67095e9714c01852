"""The rule book: every rule that a derivation may name, with its law, its condition, a proof sketch and an example.

The rules of differentials and of identification stand here. The rule of one operation (R-inv, R-tanh, ...) is made
from its declaration: nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from frechet.core.dims import Shape
from frechet.core.errors import FrechetError, problem
from frechet.core.operation import Operation, Signature
from frechet.language.spell import did_you_mean
from frechet.language.tree import Tree, fold
from frechet.notation.latex import to_latex
from frechet.notation.text import to_text
from frechet.ops import REGISTRY
from frechet.steps.book import chains, differentials, identification, identities, limits
from frechet.steps.book.rule import Rule
from frechet.steps.laws import laws
from frechet.steps.lines import line_latex
from frechet.steps.pushforward import ARGUMENTS, TANGENTS, Placeholders

LONGEST_LAW = 60

# The names where several rules share a line.
_SHORT = {
    "R-linear": "linear map", "R-product": "product rule", "R-trace-cyclic": "cyclic trace",
    "R-trace-transpose": "a scalar is its own transpose", "R-hadamard-move": "entrywise factor to the other side",
    "R-sum-inner": "sum as an inner product", "R-trace-inner": "trace as an inner product",
    "R-linear-map": "product of linear maps", "R-diag": "entrywise factor as a diagonal matrix",
    "R-power": "power rule", "R-same": "the same function, by name", "R-same-softplus": "log(1 + exp(u)) = softplus(u)",
    "R-same-logsumexp": "log(sum(exp(u))) = logsumexp(u)", "R-same-softmax": "exp(u)/sum(exp(u)) = softmax(u)",
    "R-same-sigmoid": "1./(1 + exp(-u)) = sigmoid(u)",
}  # fmt: skip
CHAPTERS = {
    "differentials": differentials.RULES, "identification": identification.RULES, "chain rule": chains.RULES,
    "limits": limits.RULES, "identities": identities.RULES,
}  # fmt: skip
WRITTEN = {r.id: replace(r, short=_SHORT.get(r.id, "")) for chapter in CHAPTERS.values() for r in chapter}


@cache
def rule(id: str) -> Rule:
    """The rule of an id; raises E107 where there is none."""
    if id in WRITTEN:
        return WRITTEN[id]
    if id in laws():
        return _of_law(id)
    if id.startswith("R-same-") and id.removeprefix("R-same-") in REGISTRY:
        return replace(WRITTEN["R-same"], id=id, law=f"... = {id.removeprefix('R-same-')}(u)",
                       short=f"written as {id.removeprefix('R-same-')}")  # fmt: skip
    record = REGISTRY.get(id.removeprefix("R-"))
    if record is None:
        kinds = {"R-add": "R-sum", "R-sub": "R-sum", "R-dotadd": "R-sum", "R-dotsub": "R-sum", "R-mul": "R-product",
                 "R-dotmul": "R-hadamard", "R-div": "R-quotient", "R-dotdiv": "R-quotient", "R-pow": "R-matrix-power",
                 "R-dotpow": "R-general-power"}  # fmt: skip
        if id in kinds:
            return replace(WRITTEN[kinds[id]], id=id)
        raise problem("E107", f"There is no rule {id}.", help=did_you_mean(id, all_ids()))
    return _of_operation(record)


def all_ids() -> list[str]:
    """Every rule: the written ones, one for each operation (d(sum(u)) is the sum rule, and so on), and the laws of
    single functions."""
    return [*WRITTEN, *(f"R-{name}" for name in REGISTRY if f"R-{name}" not in WRITTEN), *laws()]


def all_rules() -> Iterator[Rule]:
    return (rule(id) for id in all_ids())


def _of_law(id: str) -> Rule:
    """The rule of a law of one function: its docstring is the formula."""
    record, formula = laws()[id]
    law, condition = formula.strip().removesuffix(".").partition(": ")[0], ""
    for word in (" for ", " where "):
        if word in law and ";" not in law:
            law, _, condition = law.partition(word)
    law = law.rstrip(",")
    return Rule(id, f"a law of {record.name}", law, "The function of what stands there is a simpler expression.",
                condition, "Both sides are the same function; the law tests compare their values.",
                law, record.source, short=law if len(law) <= LONGEST_LAW else "")  # fmt: skip


def _of_operation(record: Operation) -> Rule:
    """The rule of one operation, from its declaration."""
    condition = record.domain
    if record.kink:
        condition = f"{condition}, not at {record.kink}" if condition else f"not at {record.kink}"
    example = ""
    if record.example is not None:
        f, variable, answer = record.example
        example = f"the derivative of {f} by {variable} is {answer}"
    name = f"differential of {record.name}"
    law, latex = law_of(record)
    words = record.doc or f"The differential of {record.usage}, times the differential of what is inside."
    why = _WHY.get(record.name) or _PROOFS.get(record.kind, "")
    return Rule(f"R-{record.name}", name, law, words, condition, why, example, record.source,
                short=law if len(law) <= LONGEST_LAW else "", latex=latex)  # fmt: skip


_WHY = {
    "inv": "Differentiate inv(U)*U = I: d(inv(U))*U + inv(U)*dU = 0; solve for d(inv(U)).",
    "det": "Expanding along a row, the derivative by U[i,j] is its cofactor, entry (j,i) of det(U)*inv(U).",
    "logdet": "The chain rule for log and the rule for det: d(det(U))/det(U).",
    "norm2": "norm2(u)^2 = u'*u, so 2*norm2(u)*d(norm2(u)) = 2*u'*du.",
    "softmax": "s = exp(u)/sum(exp(u)) by the quotient rule.",
    "logsumexp": "The chain rule for log: sum(exp(u).*du)/sum(exp(u)).",
    "solve": "The product rule for inv(U)*v.",
}
_PROOFS = {
    "elementwise": "Entry by entry it is the derivative of a function of one variable, times the differential inside.",
    "opaque": "Its pushforward, compared with numeric derivatives by the law tests.",
    "composed": "From its definition by simpler operations, with the product and chain rules.",
}


def law_of(record: Operation) -> tuple[str, str]:
    """`d(inv(U)) = -inv(U)*dU*inv(U)`, written with placeholders, as text and LaTeX; empty where it has no matrix
    notation."""
    for signature in record.signatures:
        call = _generic(record, signature)
        if call is None:
            continue
        moving = [k for k, a in enumerate(call.args) if a.kind == "name"]
        try:
            pushed = Placeholders().pushed(call, moving)
        except FrechetError:
            continue
        law = pushed.tree
        if len(pushed.linear) == len(moving) == 1:
            law = call.with_(args=tuple(_tangent(a) if k in moving else a for k, a in enumerate(call.args)))
        if law is not None:
            letters: dict[str, str] = {}
            for k in moving:
                letter = "uvw"[k].upper() if call.args[k].typed.is_matrix else "uvw"[k]
                letters |= {ARGUMENTS[k]: letter, TANGENTS[k]: "d" + letter}
            left, right = (_renamed(t, letters) for t in (call, law))
            directions = [letters[TANGENTS[k]] for k in moving]
            latex = rf"\mathrm{{d}}({to_latex(left)}) = {line_latex(right, directions)}"
            return f"d({to_text(left)}) = {to_text(right)}", latex
    return "", ""


def _tangent(argument: Tree) -> Tree:
    return argument.with_(name="d" + argument.name) if argument.kind == "name" else argument


def _generic(record: Operation, signature: Signature) -> Tree | None:
    """The operation on arguments of its signature's shapes; None where sizes or literals are among them."""
    args = []
    for k, pattern in enumerate(signature.args):
        if pattern.kind == "any":
            shape = Shape(("n",))
        elif pattern.kind == "shape" and max(len(pattern.rows), len(pattern.cols)) <= 1:
            shape = Shape(tuple(map(str, pattern.rows)), tuple(map(str, pattern.cols)))
        else:
            return None
        args.append(Tree("name", name=ARGUMENTS[k], shape=shape))
    if not args or len(args) > len(ARGUMENTS):
        return None
    result = signature.result
    if result.kind == "any":
        return Tree("call", tuple(args), record.name, shape=args[0].typed)
    shape = Shape(tuple(map(str, result.rows)), tuple(map(str, result.cols)))
    return Tree("call", tuple(args), record.name, shape=shape)


def _renamed(tree: Tree, names: dict[str, str]) -> Tree:
    """The tree with its placeholders renamed."""

    def visit(t: Tree, args: Sequence[Tree]) -> Tree:
        return t.with_(args=tuple(args), name=names.get(t.name, t.name) if t.kind == "name" else t.name)

    return fold(tree, visit)
