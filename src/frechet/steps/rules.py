"""The rule book: every rule that a derivation may name, with its law, its condition, a proof sketch and an example.

The rules of differentials and of identification stand here. The rule of one operation (R-inv, R-tanh, ...) is made
from its declaration: nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from frechet.core.dims import Shape
from frechet.core.errors import FrechetError, problem
from frechet.core.operation import Operation, Signature
from frechet.language.spell import did_you_mean
from frechet.language.tree import Tree, fold
from frechet.notation.text import to_text
from frechet.ops import REGISTRY
from frechet.steps.laws import laws
from frechet.steps.pushforward import ARGUMENTS, TANGENTS, Placeholders


@dataclass(frozen=True, slots=True)
class Rule:
    """law: in symbols; words: the same as a sentence; hint: what to look for, without doing it."""

    id: str
    name: str
    law: str
    words: str
    condition: str = ""
    proof: str = ""
    example: str = ""
    source: str = ""
    short: str = ""

    @property
    def brief(self) -> str:
        """The name where several rules stand in a row."""
        return self.short or self.name

    @property
    def hint(self) -> str:
        return f"Use the rule: {self.name}. {self.words}"


LONGEST_LAW = 60
MN = "Magnus and Neudecker, Matrix Differential Calculus"


def _rule(id: str, name: str, law: str, words: str, **more: str) -> Rule:
    return Rule(id, name, law, words, **more)


_WRITTEN = (
    # -- differentials ---------------------------------------------------------------------------------------------
    _rule("R-constant", "constant", "d(c) = 0", "What does not depend on the variable has differential 0.",
          proof="c(x + h) - c(x) = 0 for every h.", example="d(y) = 0 when differentiating by w"),
    _rule("R-sum", "sum rule", "d(u + v) = du + dv", "The differential of a sum is the sum of the differentials.",
          proof="(u + v)(x + h) - (u + v)(x) = (u(x + h) - u(x)) + (v(x + h) - v(x)).",
          example="d(X*w - y) = d(X*w) - d(y)"),
    _rule("R-scalar-multiple", "scalar multiple", "d(c*u) = c*du", "A constant scalar factor stays.",
          proof="c*u(x + h) - c*u(x) = c*(u(x + h) - u(x)).", example="d(3*x'*x) = 3*d(x'*x)"),
    _rule("R-linear", "derivative of a linear map is itself", "d(A*u) = A*du, d(L(u)) = L(du)",
          "A linear map is its own best linear approximation: it acts on du as it acts on u.",
          proof="L(u + du) - L(u) = L(du), with no rest.", example="d(X*w) = X*dw, d(tr(U)) = tr(dU)"),
    _rule("R-product", "bilinear product rule", "d(B(u, v)) = B(du, v) + B(u, dv)",
          "Differentiate one factor at a time, keep the others, keep the order.",
          proof="B(u + du, v + dv) - B(u, v) = B(du, v) + B(u, dv) + B(du, dv); the last term is of second order.",
          example="d(x'*A*x) = dx'*A*x + x'*A*dx", source=MN),
    _rule("R-dot", "gradient of a dot product", "grad(u'*v) = (du/dx)'*v + (dv/dx)'*u",
          "The product rule for an inner product, written with Jacobians.",
          proof="d(u'*v) = du'*v + u'*dv, and du'*v = v'*du because a scalar is its own transpose.",
          example="grad(x'*A*x) = A*x + A'*x"),
    _rule("R-hadamard", "product rule, entry by entry", "d(u.*v) = du.*v + u.*dv",
          "The product rule holds in every entry.", proof="It is the bilinear product rule for .*",
          example="d(x.*log(x)) = dx.*log(x) + x.*(dx./x)"),
    _rule("R-quotient", "quotient rule", "d(u/v) = (v*du - u*dv)/v^2", "Bottom times d top minus top times d bottom.",
          condition="v != 0", proof="u = (u/v)*v, so du = d(u/v)*v + (u/v)*dv; solve for d(u/v).",
          example="d(x'*A*x/(x'*x)) = (x'*x*d(x'*A*x) - x'*A*x*d(x'*x))/(x'*x)^2"),
    _rule("R-reciprocal", "reciprocal", "d(c/v) = -c*dv/v^2", "The quotient rule with a constant top.",
          condition="v != 0", proof="The quotient rule with du = 0.", example="d(1/t) = -dt/t^2"),
    _rule("R-power", "power rule with the chain rule", "d(u^p) = p*u^(p-1)*du",
          "The exponent comes down and is lowered by one; then the differential of what is inside.",
          condition="u > 0 if p is not a whole number, u != 0 if p < 1",
          proof="For whole p by the product rule; else from u^p = exp(p*log(u)).", example="d(t^3) = 3*t^2*dt"),
    _rule("R-general-power", "power with a variable exponent", "d(a^b) = b*a^(b-1)*da + a^b*log(a)*db",
          "Base and exponent move one at a time.", condition="a > 0", proof="a^b = exp(b*log(a)).",
          example="d(2^t) = 2^t*log(2)*dt"),
    _rule("R-matrix-power", "power of a matrix", "d(X^2) = dX*X + X*dX",
          "One term for each factor; matrices do not commute, so the order stays.",
          proof="The bilinear product rule for X*X*...*X.", example="d(X^3) = dX*X^2 + X*dX*X + X^2*dX"),
    _rule("R-norm-squared", "squared norm", "d(norm2(u)^2) = 2*u'*du, for a matrix 2*tr(U'*dU)",
          "norm2(u)^2 = u'*u, and both terms of the product rule are equal.",
          proof="d(u'*u) = du'*u + u'*du = 2*u'*du.", example="d(norm2(X*w - y)^2) = 2*(X*w - y)'*d(X*w - y)"),
    _rule("R-transpose", "transpose", "d(u') = (du)'", "Transposing is linear, so it acts on the differential.",
          proof="The derivative of a linear map is itself.", example="d(X') = dX'"),
    _rule("R-chain", "chain rule", "D(g o h)(x)[v] = Dg(h(x))[Dh(x)[v]]; for scalar g it is v'*J'*grad(g)",
          "The derivative of a composition is the composition of the derivatives.",
          proof="h(x + v) = h(x) + Dh(x)[v] + o(v); put this into g.",
          example="d(tanh(A*x)) = (1 - tanh(A*x).^2).*(A*dx)"),
    _rule("R-det-logdet", "a determinant by its logarithm", "d(det(U)) = det(U)*d(logdet(U))",
          "The differential of log|det U| is that of the determinant over the determinant.",
          condition="det(U) != 0", proof="The chain rule for the logarithm.",
          example="d(det(kron(A, X))) = det(kron(A, X))*d(logdet(kron(A, X)))"),
    _rule("R-same", "another name for the same function", "log(1 + exp(u)) = softplus(u)",
          "The function is recognised under another name whose derivative is known.",
          proof="By definition of that name.", example="exp(x)/sum(exp(x)) = softmax(x)"),
    # -- identification --------------------------------------------------------------------------------------------
    _rule("R-trace-cyclic", "a scalar is its trace, and a trace turns cyclically",
          "a'*dX*b = tr(b*a'*dX); tr(A*B) = tr(B*A)",
          "Take the trace of the scalar and turn the factors until dX stands last.",
          proof="tr(A*B) and tr(B*A) are both the sum of A[i,j]*B[j,i].", example="a'*dX*b = tr(b*a'*dX)", source=MN),
    _rule("R-trace-transpose", "a scalar is its own transpose", "s = s', tr(A) = tr(A')",
          "Transpose the term so that dX no longer carries a prime.", proof="The diagonal of A' is the diagonal of A.",
          example="dx'*A*x = x'*A'*dx"),
    _rule("R-transpose-scalar", "a scalar is its own transpose", "(dx'*v)*u = u*v'*dx",
          "dx'*v = v'*dx, and a scalar factor may stand anywhere.", proof="Both are the sum of dx[i]*v[i].",
          example="(dx'*A*x)*b = b*x'*A'*dx"),
    _rule("R-transpose-product", "transpose of a product", "(A*B)' = B'*A'", "The factors change places.",
          proof="Entry (i,j) of both is the sum of A[j,k]*B[k,i].", example="(dx'*A)' = A'*dx"),
    _rule("R-distribute", "multiplying out", "A*(u + v) = A*u + A*v", "A product distributes over a sum.",
          proof="Linearity of the product.", example="2*r'*(X*dw - Z*dw) = 2*r'*X*dw - 2*r'*Z*dw"),
    _rule("R-scalar-out", "scalars move freely", "A*(c*u) = c*(A*u)", "A scalar factor may stand anywhere.",
          proof="Linearity of the product.", example="x'*(c*dx) = c*x'*dx"),
    _rule("R-scalar-right", "a scalar behind a vector", "(g'*dx)*v = v*g'*dx",
          "A scalar may be written behind the vector: the matrix v*g' appears.",
          proof="A scalar commutes with a vector.", example="(c'*dx)*A*x = A*x*c'*dx"),
    _rule("R-hadamard-move", "an entrywise factor changes sides",
          "u'*(s.*dv) = (u.*s)'*dv, tr(A'*(B.*dX)) = tr((A.*B)'*dX)",
          "In an inner product an entrywise factor may go to the other side.",
          proof="Both are the sum of u[i]*s[i]*dv[i].", example="x'*(y.*dx) = (x.*y)'*dx"),
    _rule("R-sum-inner", "a sum is an inner product with ones", "sum(v) = ones'*v, sum(s.*dv) = s'*dv",
          "The sum of an entrywise product is an inner product.", proof="Both are the sum of s[i]*dv[i].",
          example="sum(exp(x).*dx) = exp(x)'*dx"),
    _rule("R-trace-inner", "the trace as inner product", "tr(A*dX) = <A', dX>",
          "The matrix beside dX is the transposed gradient.", proof="tr(A*B) is the sum of A[i,j]*B[j,i].",
          example="tr(A*dX*B) = tr(B*A*dX)"),
    _rule("R-trace-diag", "a diagonal in a trace", "tr(M*diag(dw)) = diag(M)'*dw",
          "Only the diagonal of M meets the diagonal matrix.", proof="Both are the sum of M[i,i]*dw[i].",
          example="tr(A*diag(dx)) = diag(A)'*dx"),
    _rule("R-diag", "an entrywise factor as a diagonal matrix", "s.*v = diag(s)*v",
          "Multiplying entry by entry is multiplying by a diagonal matrix.", proof="Entry i of both is s[i]*v[i].",
          example="(1 - tanh(z).^2).*(A*dx) = diag(1 - tanh(z).^2)*A*dx"),
    _rule("R-adjoint", "adjoint of a linear map", "<W, L(dX)> = <L*(W), dX>",
          "A linear map in an inner product goes over to the other side as its adjoint.",
          proof="This equation defines the adjoint.", example="vec(A)'*vec(dX) = tr(A'*dX)"),
    _rule("R-linear-map", "a product of linear maps", "M*(A*dx) = (M*A)*dx",
          "What stands before dx is one matrix.",
          proof="Matrix products are associative.", example="A*(B*dx) = (A*B)*dx"),
    _rule("R-operator", "the linear map is the derivative", "dF = L(dX)  =>  derivative = dX -> L(dX)",
          "Where no matrix can say it, the derivative is the linear map itself.",
          proof="The derivative is the best linear approximation.", example="d(A*X*B) = A*dX*B gives dX -> A*dX*B"),
    _rule("R-stack", "stacking the blocks", "grad f = [grad_x f; grad_y f]",
          "Several variables are taken as one long vector: their gradients stand one under the other.",
          proof="Nothing to prove: df = <grad_x f, dx> + <grad_y f, dy> is the inner product of the long vectors.",
          example="df = g'*dx + h'*dy gives [g; h]"),
    _rule("R-collect", "collecting terms", "A*dx + B*dx = (A + B)*dx",
          "Terms in the same direction are added and common factors taken out.", proof="Distributivity.",
          example="x'*A'*dx + x'*A*dx = ((A + A')*x)'*dx"),
    _rule("R-gradient", "identification of the gradient", "df = g'*dx or tr(G'*dX)  =>  gradient = g or G",
          "The gradient is what stands before the direction, transposed to the shape of the variable.",
          proof="The linear map determines its matrix: put in the basis vectors for dx.",
          example="df = 2*(X*w - y)'*X*dw gives 2*X'*(X*w - y)", source=MN),
    _rule("R-jacobian", "identification of the Jacobian", "dF = J*dx  =>  Jacobian = J",
          "The Jacobian is the matrix before the direction.", proof="Put in the basis vectors for dx, one by one.",
          example="d(A*x) = A*dx gives A", source=MN),
    _rule("R-hessian", "the Hessian is the Jacobian of the gradient", "dG = H*dx  =>  Hessian = H",
          "Differentiate the gradient; d(df) = dx'*H*dx is the symmetric bilinear form.",
          condition="second derivatives continuous: H is symmetric",
          proof="The differential of the gradient G is H*dx; so d(G'*dx) = dx'*H*dx.",
          example="dG = 2*X'*X*dw gives 2*X'*X"),
    _rule("R-second-differential", "the second differential", "d(df) = dx'*H*dx",
          "Differentiating df once more, with dx constant, gives a symmetric bilinear form in dx.",
          proof="d(G'*dx) = dG'*dx = dx'*H*dx.", example="d(df) = dw'*(2*X'*X)*dw"),
    _rule("R-coefficient", "the coefficient of the direction", "dF = F'*dt  =>  derivative = F'",
          "What multiplies the direction is the derivative.",
          proof="Put in 1, or the basis vectors, for the direction.",
          example="d(t^2) = 2*t*dt gives 2*t"),
    _rule("R-vec-kron", "vec and the Kronecker product", "vec(A*dX*B) = kron(B', A)*vec(dX)",
          "Stacking columns turns the linear map into a matrix; a transposed dX brings the commutation matrix.",
          proof="Column j of A*X*B is A*X*B[:,j], a combination of the columns of A*X.",
          example="-inv(X)'*dX'*inv(X)' has the matrix -kron(inv(X), inv(X)')*commutation(n, n)", source=MN),
    _rule("R-layout", "layout", "numerator: J is outputs x inputs; denominator: J'; gradients as columns: J'",
          "The same numbers, laid out in another way: the layout that was asked for is the transpose.",
          proof="A convention, not a theorem.", example="the row 2*x' and the column 2*x of norm2(x)^2"),
    _rule("R-partial", "plugging in a unit direction", "Df(X)[1_ij] = df/dX[i,j]",
          "The partial derivative by one entry is the differential in the direction that is 1 there and 0 elsewhere.",
          proof="The definition of the partial derivative.", example="u'*dX*v with dX = 1_ij gives u[i]*v[j]"),
    _rule("R-paths", "chain rule, a sum over paths", "dz/dx = sum over paths of the products of Jacobians",
          "Every path from x to the result contributes the product of the Jacobians along it.",
          proof="The chain rule for z = h(u(x), v(x)): dz = dz/du*du + dz/dv*dv.",
          example="df/dw = df/du*du/dw with u = X*w - y"),
    _rule("R-differential-of", "its differential", "dU = L(dX)",
          "Each named function is differentiated alone; its differential is a linear map of those of its names.",
          proof="The rules of differentials, for this function alone.", example="U = W*X: dU = W*dX"),
    _rule("R-gradient-of", "its gradient", "df = <grad_U f, dU>",
          "The result is differentiated by the name as if it were free; the gradient has its shape.",
          proof="The identification of the gradient, for this function alone.",
          example="f = norm2(U)^2: grad_U f = 2*U"),
    _rule("R-adjoint-chain", "chain rule by adjoints", "dU = L(dX)  =>  grad_X f = L*(grad_U f)",
          "The gradient goes back through the adjoint of each map; for a Jacobian matrix that is its transpose.",
          proof="df = <grad_U f, L(dX)> = <L*(grad_U f), dX>.",
          example="dU = A*dX*B: grad_X f = A'*grad_U f*B'", source=MN),
    _rule("R-jacobian-of", "its Jacobian", "outputs in rows, inputs in columns",
          "Each named function is differentiated by each name in it, as if that were free.",
          proof="The identification of the Jacobian, for this function alone.", example="u = X*w - y: du/dw = X"),
    _rule("R-name", "inner function", "f(x) = g(u), u = h(x)", "A part of the formula gets a name.",
          proof="Nothing to prove.", example="u = X*w - y, f = norm2(u)^2"),
    _rule("R-transpose-gradient", "the gradient is the transposed row", "grad f = (df/dx)'",
          "The derivative of a scalar is a row; the gradient is the same as a column.", proof="By definition.",
          example="df/dw = 2*u'*X gives 2*X'*u"),
    _rule("R-put-back", "putting the names back", "u = h(x)", "The names are replaced by what they stand for.",
          proof="Nothing to prove.", example="2*X'*u = 2*X'*(X*w - y)"),
    _rule("R-limit", "definition of the derivative", "f'(x) = lim (f(x + h) - f(x))/h for h -> 0",
          "The slope of the secant, as its second point comes near.", proof="The definition.",
          example="((x + h)^2 - x^2)/h = 2*x + h -> 2*x"),
    _rule("R-one-sided", "two one-sided limits", "the limits for h > 0 and h < 0 must agree",
          "Where they differ the function has a kink and no derivative.", proof="A limit is unique.",
          example="abs at 0: 1 from the right, -1 from the left"),
    _rule("R-facts", "what is known of the variable", "X' = X for symmetric X",
          "The derivative is over all entries of X; then the known structure simplifies it.",
          proof="Substitution.", example="inv(S)' = inv(S)"),
    _rule("R-structured", "projection on the structure", "symmetric: G + G' - G.*eye(n), or (G + G')/2 as a tangent",
          "The derivative over all entries is projected on the directions in which the variable can move.",
          proof="Only those directions count: df = <G, dX> for dX of the structure.", example="G + G' - G.*eye(n)"),
    _rule("R-where", "naming what occurs twice", "a*a + a = s*s + s where s = a", "Long repeated parts get a name.",
          proof="Substitution.", example="diag(s) - s*s' where s = softmax(x)"),
    _rule("R-engine", "computed, not narrated", "",
          "The answer was computed and checked, but no line of its derivation "
          "can be written in matrix notation."),
)  # fmt: skip

# The names where several rules share a line.
_SHORT = {
    "R-linear": "linear map", "R-product": "product rule", "R-trace-cyclic": "cyclic trace",
    "R-trace-transpose": "a scalar is its own transpose", "R-hadamard-move": "entrywise factor to the other side",
    "R-sum-inner": "sum as an inner product", "R-trace-inner": "trace as an inner product",
    "R-linear-map": "product of linear maps", "R-diag": "entrywise factor as a diagonal matrix",
    "R-power": "power rule", "R-same": "the same function, by name",
}  # fmt: skip
WRITTEN = {rule.id: replace(rule, short=_SHORT.get(rule.id, "")) for rule in _WRITTEN}


@cache
def rule(id: str) -> Rule:
    """The rule of an id; raises E107 where there is none."""
    if id in WRITTEN:
        return WRITTEN[id]
    if id in laws():
        return _of_law(id)
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
    text = formula.strip().removesuffix(".")
    law, comma, condition = text.partition(" for ") if " for " in text else text.partition(" where ")
    return Rule(id, f"a law of {record.name}", law, "The function of what stands there is a simpler expression.",
                condition if comma else "", "Both sides are the same function; the law tests compare their values.",
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
    law = law_of(record)
    words = record.doc or f"The differential of {record.usage}, times the differential of what is inside."
    why = _WHY.get(record.name) or _PROOFS.get(record.kind, "")
    return Rule(f"R-{record.name}", name, law, words, condition, why, example, record.source,
                short=law if len(law) <= LONGEST_LAW else "")  # fmt: skip


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


def law_of(record: Operation) -> str:
    """`d(inv(U)) = -inv(U)*dU*inv(U)`, written with placeholders; empty where it has no matrix notation."""
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
            return f"d({to_text(_renamed(call, letters))}) = {to_text(_renamed(law, letters))}"
    return ""


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
