"""Functions of complex variables: their gradient and their Wirtinger derivatives. What is not offered is refused.

Conventions, said in every answer: `'` is the conjugate transpose; df/dz and df/d conj(z) take z and conj(z) as
independent; the gradient of a real-valued function is 2 df/d conj(z), the direction in which f rises fastest, which is
what PyTorch gives. JAX gives its conjugate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from frechet.api.complex_check import check_wirtinger, complex_arrays, is_real_valued
from frechet.api.complex_signs import is_positive
from frechet.api.conjugate import ANALYTIC, Symbols, evaluable, is_square_of_abs, joined, split
from frechet.api.derivative import Derivative, Request
from frechet.calculus.derive import Level, derive, direction_for, finished
from frechet.core.build import rebuild, substitute
from frechet.core.dims import SCALAR, Dim, Size, show_size
from frechet.core.ein import ein, scale
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.core.node import COMPLEX_VALUE, Call, Ein, Map, Node, topological
from frechet.language.declarations import Declarations
from frechet.language.lower import lower, variable_node
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.language.tree import Tree, fold, number
from frechet.notation.latex import to_latex
from frechet.notation.text import to_text
from frechet.reference.evaluate import sizes_of
from frechet.reference.program import Program
from frechet.steps.board import inlined
from frechet.verify.check import Verification

# What the algebra may take of a value that is not real.
_NODES = ANALYTIC | {"sylvester", "dexpm", "erf", "logdet"}


def _one(side: Size) -> Dim:
    """A surface dimension as one size."""
    return side[0] if len(side) == 1 else show_size(side)


@dataclass(frozen=True)
class _Split:
    """The function of independent symbols, as much of a Function as a Derivative needs."""

    tree: Tree
    declarations: Declarations
    source: str

    @property
    def shape(self) -> tuple[Dim, ...]:
        return tuple(_one(side) for side in self.tree.typed if side)

    @property
    def variables(self) -> dict[str, tuple[Dim, ...]]:
        return {n: tuple(_one(s) for s in shape if s) for n, shape in self.declarations.variables.items()}


class _Symbolic(Derivative):
    """A derivative by one of independent symbols."""

    def __init__(self, function: Any, request: Request, symbols: Symbols) -> None:
        super().__init__(function, request)
        self.symbols = symbols

    @cached_property
    def levels(self) -> list[Level]:
        known = self.function.declarations
        nodes = {n: variable_node(n, known) for n in known.variables}
        unit = nodes[self.symbols.unit]

        def folded(node: Node) -> Node:
            return _without_powers(node, unit)

        root = folded(lower(self.function.tree, nodes).root)
        _check_honest(root, nodes, self.symbols)
        variable = nodes[self.wrt[0]]
        levels = derive(root, [variable], [direction_for(variable, self.names[0])])
        return [finished(level, folded) for level in levels]


def _without_powers(root: Node, unit: Node) -> Node:
    """Powers of the imaginary unit taken out: i^2 = -1."""
    new: dict[Node, Node] = {}
    for node in topological([root]):
        made = rebuild(node, [new[c] for c in node.children]) if any(new[c] is not c for c in node.children) else node
        if isinstance(made, Ein):
            power = sum(int(e) for base, _, e in made.factors if base is unit and e == int(e))
            if power not in (0, 1):
                others = [f for f in made.factors if f[0] is not unit]
                units = [(unit, (), 1)] if power % 2 else []
                sign = -1 if power % 4 in (2, 3) else 1
                made = scale(ein(made.coef, [*others, *units], made.out, dict(enumerate(made.index_dims))), sign)
        new[node] = made
    return new[root]


def _conjugate(node: Node, nodes: Mapping[str, Node], symbols: Symbols) -> Node:
    """The node of the conjugate value."""
    swap: dict[Node, Node] = {}
    for name, other in symbols.conjugates.items():
        swap[nodes[name]], swap[nodes[other]] = nodes[other], nodes[name]
    for name in symbols.hermitian:
        own = nodes[name]
        swap[own] = ein(1, [(own, (0, 1), 1)], (1, 0), dict(enumerate(own.dims)))
    swap[nodes[symbols.unit]] = scale(nodes[symbols.unit], -1)
    return _without_powers(substitute(node, swap.get), nodes[symbols.unit])


def _check_honest(root: Node, nodes: Mapping[str, Node], symbols: Symbols) -> None:
    """E507 where a function that only real values have (log, sqrt, max, ...) is taken of a value not seen to be real:
    the algebra's rules for it would be those of real numbers."""

    def is_real(node: Node) -> bool:
        return _conjugate(node, nodes, symbols) is node

    for node in topological([root]):
        if isinstance(node, Ein):
            broken = [base for base, _, e in node.factors if e != int(e)]
            name, inside = "a root or a broken power", broken
        elif isinstance(node, (Map, Call)) and node.operation.name not in _NODES:
            name, inside = node.operation.name, list(node.children)
        else:
            continue
        if not all(is_real(part) for part in inside):
            raise problem("E507", f"{name} of a complex value is not offered.",
                          help="It is of real ones, such as abs(z), real(z) or z'*z.")  # fmt: skip


class ComplexFunction:
    """A function with complex variables. `gradient` and `wirtinger` are its derivatives; nothing else is offered."""

    def __init__(self, tree: Tree, declarations: Declarations, source: str, symbols: Symbols) -> None:
        self.tree = tree
        self.declarations = declarations
        self.source = source
        self.symbols = symbols
        self.remarks: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise problem("E507", f"{name} is not offered for functions of complex variables.",
                      help="There are gradient(...) and wirtinger(...), evaluate(...) and latex().")  # fmt: skip

    @property
    def complex_names(self) -> frozenset[str]:
        """The variables that are complex."""
        return frozenset(self.symbols.conjugates) | self.symbols.hermitian

    @property
    def shape(self) -> tuple[Dim, ...]:
        """The sizes of the value, one for each axis of its array."""
        return tuple(_one(side) for side in self.tree.typed if side)

    @property
    def variables(self) -> dict[str, tuple[Dim, ...]]:
        """The sizes of every variable."""
        known = self.declarations.variables
        return {n: tuple(_one(s) for s in known[n] if s) for n in known if n != self.symbols.unit}

    def evaluate(self, /, **arrays: Any) -> Any:
        """The value for arrays by name; complex unless every value in it is real."""
        return evaluated(self.tree, self.declarations, self.symbols, arrays)

    @property
    def shown_tree(self) -> Tree:
        """The formula as it is printed."""
        return shown(self.tree, self.symbols, "1i")

    def __str__(self) -> str:
        return to_text(self.shown_tree)

    def __repr__(self) -> str:
        return f"<ComplexFunction {self}>"

    def latex(self) -> str:
        return _latex(self.tree, self.symbols)

    def gradient(self, wrt: str, **options: Any) -> WirtingerDerivative:
        """The gradient of a real-valued function: by a complex variable 2 df/d conj(z), by a real one the usual one.

        E501 for a function that is no scalar, E507 for one that has complex values.
        """
        self._check(wrt, options)
        if self.shape:
            raise problem("E501", f"The gradient needs a scalar function; this one is a {self.tree.typed}.",
                          help='f.wirtinger("z") is the derivative of any function.')  # fmt: skip
        if not is_real_valued(self):
            raise problem("E507", "The function has complex values: there is no direction in which it rises fastest.",
                          help=f'f.wirtinger("{wrt}") is df/d{wrt}, with conjugate=True df/d conj({wrt}).')  # fmt: skip
        return self._derivative(wrt, "gradient", options)

    def wirtinger(self, wrt: str, conjugate: bool = False, **options: Any) -> WirtingerDerivative:
        """df/dz with conj(z) held fixed; with `conjugate` df/d conj(z) with z held fixed."""
        self._check(wrt, options)
        if wrt not in self.complex_names:
            raise problem("E507", f"{wrt} is real: it has no Wirtinger derivative.", help=f'f.gradient("{wrt}")')
        return self._derivative(wrt, "conjugate" if conjugate else "plain", options)

    def _derivative(self, wrt: str, kind: str, options: Mapping[str, Any]) -> WirtingerDerivative:
        return WirtingerDerivative(self, wrt, kind, bool(options.get("verify", True)), int(options.get("seed", 0)))

    def _check(self, wrt: Any, options: Mapping[str, Any]) -> None:
        for name, value in options.items():
            if name not in ("verify", "seed") and value and (name, value) != ("layout", "numerator"):
                raise problem("E507", f"{name} is not offered for functions of complex variables.")
        if not isinstance(wrt, str) or wrt not in self.variables:
            raise problem("E500", f"{wrt!r} is not a variable of this function.",
                          help="Variables: " + ", ".join(self.variables))  # fmt: skip
        if wrt in self.symbols.hermitian:
            raise problem("E507", f"{wrt} is hermitian: its entries are tied to each other, which is not offered.",
                          help='Declare it ["complex"]: then the derivative is over all entries.')  # fmt: skip
        if "constant" in self.declarations.facts.get(wrt, ()):
            raise problem("E502", f"{wrt} is declared constant: there is no derivative by it.")


def shown(tree: Tree, symbols: Symbols, unit: str) -> Tree:
    """The tree with the imaginary unit under the name it is printed with."""
    return fold(tree, lambda t, parts: t.with_(name=unit) if t.kind == "name" and t.name == symbols.unit
                else t.with_(args=tuple(parts)) if parts else t)  # fmt: skip


def _latex(tree: Tree, symbols: Symbols) -> str:
    """LaTeX, where `'` is the conjugate transpose, of real matrices too."""
    return to_latex(shown(tree, symbols, "i")).replace(r"^\top", r"^{\mathsf{H}}")


def evaluated(tree: Tree, declarations: Declarations, symbols: Symbols, arrays: Mapping[str, Any]) -> Any:
    """What a person wrote (or reads), at arrays that may be complex."""
    values = complex_arrays(arrays, frozenset(symbols.conjugates) | symbols.hermitian)
    known = replace(declarations, variables={n: s for n, s in declarations.variables.items() if n != symbols.unit})
    sizes = sizes_of(known, {n: np.real(a) for n, a in values.items() if n != symbols.unit})
    with np.errstate(all="ignore"):
        return Program(evaluable(tree), sizes)({**values, symbols.unit: np.asarray(1j)})


class WirtingerDerivative:
    """The derivative of a function with complex variables by one variable: `kind` is gradient, plain or conjugate."""

    def __init__(self, function: ComplexFunction, wrt: str, kind: str, verify: bool, seed: int) -> None:
        self.function = function
        self.wrt = (wrt,)
        self.kind = kind
        self.verify = verify
        self.seed = seed

    @property
    def by_complex(self) -> bool:
        return self.wrt[0] in self.function.complex_names

    @cached_property
    def _symbolic(self) -> _Symbolic:
        f, symbols, (wrt,) = self.function, self.function.symbols, self.wrt
        tree = split(f.tree, symbols)[0]
        if self.kind == "gradient" and self.by_complex:
            tree = Tree("mul", (number(2), tree), shape=SCALAR)
        variables = dict(f.declarations.variables)
        variables |= {other: variables[name] for name, other in symbols.conjugates.items()}
        of = symbols.conjugates[wrt] if self.by_complex and self.kind != "plain" else wrt
        kind = "jacobian" if f.shape else "gradient"
        own = {*f.complex_names, *symbols.conjugates.values(), symbols.unit}
        facts = f.declarations.facts | dict.fromkeys(own, frozenset({COMPLEX_VALUE}))
        return _Symbolic(_Split(tree, replace(f.declarations, variables=variables, facts=facts), f.source),
                         Request((of,), kind, verify=False), symbols)  # fmt: skip

    @cached_property
    def tree(self) -> Tree:
        """The closed form as a person writes it; E504 where matrix notation has none."""
        closed = self._symbolic.forms.closed
        if closed is None:
            raise problem("E504", "This derivative has no closed form in matrix notation.",
                          help="Multiply by vectors first, a'*f(Z)*b, or take one entry.")  # fmt: skip
        return joined(inlined(closed), self.function.symbols)

    @cached_property
    def verification(self) -> Verification:
        """The check against numeric derivatives of what was typed along complex directions; raises E600 if wrong."""
        return check_wirtinger(self)

    @property
    def shape(self) -> tuple[Dim, ...]:
        return (*self.function.shape, *self.function.variables[self.wrt[0]])

    @property
    def text(self) -> str:
        if self.verify:
            _ = self.verification
        return to_text(shown(self.tree, self.function.symbols, "1i"))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<WirtingerDerivative {self.text}>"

    def latex(self) -> str:
        _ = self.text
        return _latex(self.tree, self.function.symbols)

    def evaluate(self, /, **arrays: Any) -> Any:
        """The array of the derivative at a point."""
        _ = self.text
        f = self.function
        value = evaluated(self.tree, f.declarations, f.symbols, arrays)
        return value.reshape((*f.evaluate(**arrays).shape, *np.shape(arrays[self.wrt[0]])))

    @property
    def conditions(self) -> tuple[str, ...]:
        """Where the derivative holds. What holds of a value holds of its conjugate: it is said once."""
        found: dict[str, str] = {}
        for text in map(self._condition, self._symbolic.conditions):
            plain = text
            for name in self.function.complex_names:
                plain = plain.replace(f"conj({name})", name)
            found.setdefault(plain, text)
        return tuple(text for text in found.values() if text)

    def _condition(self, text: str) -> str:
        """A condition in symbols, as a person writes it; empty where it always holds."""
        symbols = self.function.symbols
        for sign in (" != ", " > ", " < "):
            left, found, right = text.partition(sign)
            if found:
                known = self._symbolic.function.declarations
                tree = joined(inlined(elaborate(parse_text(left), known, infer=False, source=left)[0]), symbols)
                if right.startswith("0") and sign != " < " and is_positive(tree, self.function.complex_names):
                    return ""
                size = tree.args[0] if tree.kind == "call" and tree.name == "sum" else tree
                if sign == " > " and right == "0" and is_square_of_abs(size):
                    entries = " in every entry" if size is tree and not tree.typed.is_scalar else ""
                    return f"{to_text(shown(size.args[0].args[0], symbols, '1i'))} != 0{entries}"
                return f"{to_text(shown(tree, symbols, '1i'))}{sign}{right}"
        return text

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise problem("E507", f"{name} is not offered for derivatives by complex variables.",
                      help="There are text, latex(), evaluate(...), conditions and report().")  # fmt: skip

    operator_form = kronecker_form = index_form = None
    kinks: tuple[str, ...] = ()
    differential = False

    @property
    def over(self) -> str:
        """The convention of the derivative."""
        z = self.wrt[0]
        if not self.by_complex:
            return f"{z} is real"
        if self.kind == "gradient":
            return f"{z} is complex: the gradient is 2 df/d conj({z}), as PyTorch has it; JAX's is its conjugate"
        fixed, by = (z, f"conj({z})") if self.kind == "conjugate" else (f"conj({z})", z)
        return f"{z} is complex: df/d{' ' if self.kind == 'conjugate' else ''}{by} with {fixed} held fixed (Wirtinger)"

    def report(self) -> str:
        """The answer with its conditions, convention and check."""
        lines = [self.text]
        if self.conditions:
            lines.append("where     " + ", ".join(self.conditions))
        lines.append(f"over      {self.over}; ' is the conjugate transpose")
        lines.append(str(self.verification) if self.verify else "unchecked  verification was switched off")
        return "\n".join(lines)


__all__ = ["ComplexFunction", "WirtingerDerivative"]
