"""Statements in LaTeX: a derivative in one of its notations, an equals sign, a claim."""

from __future__ import annotations

from dataclasses import dataclass

from frechet.core.errors import problem
from frechet.language.latex_atoms import Atoms
from frechet.language.latex_cursor import names_in, plain, renamed
from frechet.language.tree import Tree


@dataclass(frozen=True)
class Statement:
    """`lhs = rhs` as derivative and claims: what is differentiated, by what (in order), and what it is said to equal,
    one after the other in `lhs = a = b`."""

    function: Tree
    wrt: tuple[str, ...]
    claims: tuple[Tree, ...]
    kind: str | None = None


class Statements(Atoms):
    """`\\nabla_w f = g`, `\\frac{\\partial f}{\\partial X} = g`, `\\mathrm d f = g`, `a = b`."""

    def statement(self) -> Statement:
        start = self.at
        wrt, function, kind = self._derivative()
        if not wrt and kind is None:
            self.at = start
            function = self.sum()
        self._equals()
        self.directions = kind == "differential"
        claims = [self.sum()]
        while self._another():
            self._equals()
            claims.append(self.sum())
        if self.direction:
            claims = [renamed(c, self.direction, f"d{wrt[0]}") for c in claims]
        if self.here.kind != "end":
            raise problem("E100", f"{self.here.text!r} was not expected here.", self.here.span)
        assert function is not None
        if kind == "differential" and not wrt:
            wrt = tuple(dict.fromkeys(n[1:] for n in names_in(claims[-1]) if len(n) > 1 and n[0] == "d"))[:1]
        return Statement(function, wrt, tuple(claims), kind)

    def _another(self) -> bool:
        """Whether a further equals sign follows, perhaps on the next line."""
        start = self.at
        while self.here.text in ("&", "\\\\"):
            self.take()
        if self.here.text == "=":
            return True
        self.at = start
        return False

    def _equals(self) -> None:
        while self.here.text == "&":
            self.take()
        self.expect("=")
        while self.here.text == "&":
            self.take()

    def _derivative(self) -> tuple[tuple[str, ...], Tree | None, str | None]:
        """`\\nabla_w f`, `\\nabla^2 f`, `\\frac{\\partial f}{\\partial X}`, `\\mathrm d f`."""
        if self.here.text == "\\nabla":
            return self._nabla()
        if self.here.text == "\\frac" and self.ahead(2).text in ("\\partial", "d", "\\mathrm", "\\mathrm", "\\rm"):
            return self._quotient_notation()
        if self.here.text == "D" and not self.known("D") and self.ahead().text not in ("=", "^", "_", "+", "-"):
            found = self._along()
            if found is not None:
                return found
        if self.here.text in ("d", "\\mathrm", "\\dd") and self._is_differential():
            return (), self.product(), "differential"
        return (), None, None

    def _along(self) -> tuple[tuple[str, ...], Tree, str] | None:
        """`D (X^{-1})[H]`, by the one variable of the function, a capital X or a small x."""
        start = self.at
        self.take()
        function = self.factor()
        if self.here.text != "[":
            self.at = start
            return None
        self.take()
        self.direction = self.name_only()
        self.expect("]")
        names = list(dict.fromkeys(names_in(function)))
        by = next((n for n in ("X", "x", *names) if n in names), "")
        return (by,), function, "differential"

    def _is_differential(self) -> bool:
        start = self.at
        if self.take().text == "\\mathrm":
            if self.here.text == "{":
                self.take()
                ok = self.take().text == "d" and self.take().text == "}"
            else:
                ok = self.take().text == "d"
            if not ok:
                self.at = start
                return False
        if self.here.text in ("=", "^", "_", "+", "-") or self.here.kind == "end" or self.known("d"):
            self.at = start
            return False
        return True

    def _nabla(self) -> tuple[tuple[str, ...], Tree, str | None]:
        self.take()
        order, names = 1, []
        while self.here.text in ("^", "_"):
            if self.take().text == "^":
                order = int(self.argument_text() or 1)
            else:
                names = self._variable_list()
        function = self.product()
        head = function.args[0] if function.kind == "mul" else function
        if head.kind == "name" and head.name in ("f", "g", "F", "J", "L") and not self.known(head.name):
            raise problem("E100", f"{head.name} is only named here.", head.span, help="Write the function itself.")
        if not names:
            names = list(dict.fromkeys(names_in(function)))[-1:]
        return (tuple(names * order) if len(names) == 1 else tuple(names)), function, None

    def _variable_list(self) -> list[str]:
        braced = self.here.text == "{"
        if braced:
            self.take()
        names = [plain(self.atom())]
        while braced and self.here.text != "}":
            if self.here.text == ",":
                self.take()
            names.append(plain(self.atom()))
        if braced:
            self.expect("}")
        return names

    def _quotient_notation(self) -> tuple[tuple[str, ...], Tree | None, str | None]:
        self.take()
        self.expect("{")
        self._partial()
        order = 1
        if self.here.text == "^":
            self.take()
            order = int(self.argument_text() or 1)
        function = None if self.here.text == "}" else self.sum()
        self.expect("}")
        self.expect("{")
        names: list[str] = []
        while self.here.text != "}":
            if self.here.text == "\\,":
                self.take()
            self._partial()
            inside = self.here.text == "("
            if inside:
                self.take()
            name = self.name_only()
            if self.here.text == "^":
                self.take()
                power = self.argument_text()
                names += [name] * (int(power) if power.isdigit() else 1)
            else:
                names.append(name)
            if inside:
                self.expect(")")
        self.expect("}")
        if function is None:
            function = self.product()
        return tuple(names if len(names) == order else names * order), function, None

    def _partial(self) -> None:
        token = self.take()
        if token.text == "\\mathrm":
            self.argument_text()
        elif token.text not in ("\\partial", "d"):
            raise problem("E100", "A derivative is written with \\partial or d.", token.span)

    def name_only(self) -> str:
        return plain(self.atom(subscripts=True))
