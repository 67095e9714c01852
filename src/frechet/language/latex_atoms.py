"""Atoms of a LaTeX formula: brackets, bars, norms, fractions, functions, matrices, sums over an index."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import pi
from types import MappingProxyType

from frechet.core.errors import FrechetError, Span, problem
from frechet.language.latex_cursor import call_tree, join, names_in, num
from frechet.language.latex_names import (
    ACCENTS,
    FONTS,
    FUNCTIONS,
    GREEDY,
    GREEK,
    INVERSES,
    STATEMENTS,
    VARIANTS,
    WORDS,
)
from frechet.language.latex_sums import Kinds, lift, lift_entries
from frechet.language.latex_words import Names
from frechet.language.tokens import Token
from frechet.language.tree import Tree, subtrees

_ENVIRONMENTS = frozenset({"bmatrix", "pmatrix", "matrix", "smallmatrix", "array", "Bmatrix"})


class Atoms(Names):
    """Everything a factor begins with."""

    upper: Mapping[str, str] = MappingProxyType({})
    """How far the indices of the sum that was begun last run."""

    def atom(self, subscripts: bool = True) -> Tree:
        token = self.take()
        text = token.text
        if token.kind == "number":
            asked = self.indicator(token) if text == "1" else None
            if asked is not None:
                return asked
            return Tree("number", name=text, value=Fraction(text), span=token.span)
        if text in ("(", "["):
            return self.bracketed_list(")" if text == "(" else "]", token)
        if text == "{":
            inner = self.sum()
            self.expect("}")
            return inner
        if text in ("|", "\\|"):
            return self.barred(text, token)
        if token.kind == "letter":
            return self.named(text, token, subscripts)
        if token.kind == "command":
            return self.command(text[1:], token, subscripts)
        if token.kind == "end":
            raise problem("E102", "The formula ends where an operand is missing.", token.span)
        raise problem("E102", f"An operand is missing before {text!r}.", token.span)

    def bracketed_list(self, closer: str, opening: Token) -> Tree:
        outer, self.bars = self.bars, 0
        tree = self.sum()
        if self.here.text != closer:
            raise problem("E101", "This bracket is not closed.", opening.span)
        end = self.take()
        self.bars = outer
        return tree.with_(span=Span(opening.start, end.end))

    def barred(self, sign: str, opening: Token) -> Tree:
        self.bars += 1
        inner = self.sum()
        if self.here.text != sign:
            raise problem("E101", "This bar is not closed.", opening.span)
        end = self.take()
        self.bars -= 1
        span = Span(opening.start, end.end)
        if sign == "\\|":
            return self.norm(inner, span)
        if inner.kind == "call" and inner.name == "det":
            return call_tree("abs", inner, span=span)
        capital = any(map(self.is_matrix, names_in(inner))) and not self.entries
        det = self.choice(f"bar{opening.start}") == (0 if capital else 1)
        return call_tree("det" if det else "abs", inner, span=span)

    def norm(self, inner: Tree, span: Span) -> Tree:
        if self.here.text != "_":
            matrix = all(map(self.is_matrix, names_in(inner))) and inner.kind not in ("index", "call")
            if matrix and names_in(inner) and self.choice(f"norm{span.start}") == 1:
                return call_tree("specnorm", inner, span=span)
            return call_tree("norm2", inner, span=span)
        self.take()
        tokens = self.argument_tokens()
        word = "".join(t.text for t in tokens if t.text not in ("{", "}", "\\mathrm", "\\text", "\\mathsf"))
        known = {"2": "norm2", "F": "norm2", "Fro": "norm2", "fro": "norm2", "1": "norm1", "\\infty": "norminf",
                 "*": "nuclear", "\\ast": "nuclear", "op": "specnorm", "\\mathcalF": "norm2"}  # fmt: skip
        span = Span(span.start, self.tokens[self.at - 1].end)
        if word in known:
            if (
                word == "2"
                and inner.kind != "index"
                and all(map(self.is_matrix, names_in(inner)))
                and self.choice(f"norm{span.start}") == 0
            ):
                return call_tree("specnorm", inner, span=span)
            return call_tree(known[word], inner, span=span)
        weight = self.within(tokens)
        if not names_in(weight) or not all(map(self.is_matrix, names_in(weight))):
            raise problem("E100", "This norm is not known here.", span, help="Known: 1, 2, \\infty, F, * and a matrix.")
        squared = join("mul", join("mul", Tree("transpose", (inner,), span=inner.span), weight), inner)
        return call_tree("sqrt", squared, span=span)

    def command(self, word: str, token: Token, subscripts: bool) -> Tree:
        if word in VARIANTS or word in GREEK:
            name = VARIANTS.get(word, word)
            if word == "pi" and self.declared is not None and not self.known("pi"):
                return Tree("number", name=repr(pi), value=Fraction(repr(pi)), span=token.span)
            if name == "sigma" and self.here.text == "(" and not self.known("sigma"):
                return self.applied("sigmoid", token)
            if name == "sigma" and [self.here.text, self.ahead().text] == ["'", "("] and not self.known("sigma"):
                self.take()
                value = self.applied("sigmoid", token)
                return join("dotmul", value, join("sub", num(1), value))
            return self.named(name, token, subscripts)
        if word in ("frac", "sqrt", "langle", "begin", "sum"):
            return {"frac": self.fraction, "sqrt": self.root, "langle": self.inner, "begin": self.environment,
                    "sum": self.summed}[word](token)  # fmt: skip
        if word == "prod" or (word in ("max", "min") and self.here.text == "_"):
            return self.over_index(word, token)
        if word in ACCENTS or word in FONTS or word in WORDS:
            return self.dressed(word, token, subscripts)
        if word == "norm":
            self.expect("{")
            inner = self.sum()
            return self.norm(inner, token.span.cover(self.expect("}").span))
        if word == "abs":
            self.expect("{")
            inner = self.sum()
            return call_tree("abs", inner, span=token.span.cover(self.expect("}").span))
        if word in FUNCTIONS:
            return self.applied(FUNCTIONS[word], token)
        if word in ("one", "ones", "bbone", "mathbbm"):
            return self.indicator(token) or self.ones(token)
        if word in STATEMENTS:
            raise problem("E108", f"\\{word} makes this {STATEMENTS[word]}, and not a function.", token.span,
                          help="Write the function itself; check_statement reads derivatives.")  # fmt: skip
        raise problem("E100", f"\\{word} is not known here.", token.span, help="Write the formula with known commands.")

    def applied(self, name: str, token: Token) -> Tree:
        """A function with brackets, or with what follows it."""
        power: list[Token] = []
        span = token.span
        base = self.base_of(name)
        if self.here.text == "^":
            self.take()
            power = self.argument_tokens()
            if [t.text for t in power if t.text not in ("{", "}")] == ["-", "1"]:
                if name not in INVERSES:
                    raise problem("E100", f"The inverse of {name} is not known here.", span)
                name, power = INVERSES[name], []
        if self.here.text in ("(", "["):
            self.entries += name in ("sum", "mean", "vec", "max")
            args = self.arguments()
            self.entries -= name in ("sum", "mean", "vec", "max")
        elif self.here.text == "{":
            self.take()
            args = [self.sum()]
            self.expect("}")
        else:
            args = [self.product() if name in GREEDY else self.bare_argument()]
        span = Span(span.start, self.tokens[self.at - 1].end)
        tree = self.call(name, args, span)
        if base is not None:
            tree = Tree("div", (tree, call_tree("log", base, span=span)), span=span)
        if power:
            kind = "dotpow" if self.choice(f"power{span.start}") == 1 else "pow"
            tree = Tree(kind, (tree, self.within(power)), span=span)
        return tree

    def base_of(self, name: str) -> Tree | None:
        """The subscript of a function: the base of a logarithm, else nothing that is understood."""
        if self.here.text != "_":
            return None
        span = self.take().span
        tokens = [t for t in self.argument_tokens() if t.text not in ("{", "}")]
        if name == "log" and len(tokens) == 1 and (tokens[0].kind == "number" or tokens[0].text in ("e", "b", "a")):
            return None if tokens[0].text == "e" else self.within(tokens)
        if name == "log" and all(t.kind == "number" for t in tokens):
            text = "".join(t.text for t in tokens)
            return Tree("number", name=text, value=Fraction(text), span=tokens[0].span)
        raise problem("E100", f"A subscript of {name} is not understood here.", span)

    def bare_argument(self) -> Tree:
        """What a function without brackets is applied to: names and numbers side by side, as in \\log x^\\top y; the
        other reading takes the first alone."""
        start, at = self.here, self.at
        tree = self.factor()
        while self._plain(start) and self._plain(self.here):
            if self.choice(f"bare{at}") == 1:
                break
            tree = join("mul", tree, self.factor())
        return tree

    def _plain(self, token: Token) -> bool:
        """Whether a name or number begins here, and no function, bracket or sign."""
        if token.kind in ("letter", "number"):
            return True
        word = token.text[1:] if token.kind == "command" else ""
        return word in GREEK or word in VARIANTS or word in ACCENTS or word in FONTS - {"mathrm", "mathsf", "mathtt"}

    def over_index(self, word: str, token: Token) -> Tree:
        """`\\prod_i`, `\\max_i`: of the entries that an index runs through."""
        if word == "prod" and self.here.text != "_":
            return self.applied(word, token)
        try:
            indices = self.sum_indices()
        except FrechetError:
            indices = []
        if len(indices) != 1 or not (len(indices[0]) == 1 and indices[0] in "ijklmnrst"):
            raise problem("E108", f"A {word}imum over a variable is a problem to be solved, and not a function."
                          if word != "prod" else "A product over one index can be read here.", token.span,
                          help="Write the function that is optimised.")  # fmt: skip
        self.bound += indices
        body = self.entrywise()
        del self.bound[-1]
        kinds = Kinds(self.declared, self.samples, False, False, self.axes)
        entries = lift_entries(body, indices[0], token.span.cover(body.span), kinds)
        return call_tree(word, entries, span=token.span.cover(body.span))

    def call(self, name: str, args: list[Tree], span: Span) -> Tree:
        if name == "log" and len(args) == 1 and args[0].kind == "call":
            inner = args[0]
            if inner.name == "abs" and inner.args[0].kind == "call" and inner.args[0].name == "det":
                inner = inner.args[0]
            if inner.name == "det":
                return call_tree("logdet", *inner.args, span=span)
        if name == "etr":
            return call_tree("exp", call_tree("tr", *args, span=span), span=span)
        return call_tree(name, *args, span=span)

    def arguments(self) -> list[Tree]:
        opening = self.take()
        closer = ")" if opening.text == "(" else "]"
        outer, self.bars = self.bars, 0
        args = [self.sum()]
        while self.here.text in (",", ";"):
            self.take()
            args.append(self.sum())
        self.bars = outer
        if self.here.text != closer:
            raise problem("E101", "This bracket is not closed.", opening.span)
        self.take()
        return args

    def fraction(self, token: Token) -> Tree:
        words = [t.text for t in self.tokens[self.at : self.at + 8] if t.text not in ("{", "}", "\\mathrm")]
        if words[:2] in (["d", "d"], ["\\partial", "\\partial"]) and not self.known("d"):
            raise problem("E108", "A derivative is a statement, and not a function.", token.span,
                          help="check_statement reads derivatives with an equals sign.")  # fmt: skip
        top, bottom = self.within(self.argument_tokens()), self.within(self.argument_tokens())
        span = Span(token.start, self.tokens[self.at - 1].end)
        return Tree("div", (top, bottom), span=span)

    def root(self, token: Token) -> Tree:
        degree: Tree | None = None
        if self.here.text == "[":
            self.take()
            degree = self.sum()
            self.expect("]")
        inner = self.within(self.argument_tokens())
        span = Span(token.start, self.tokens[self.at - 1].end)
        if degree is None:
            return call_tree("sqrt", inner, span=span)
        return Tree("pow", (inner, Tree("div", (num(1), degree), span=span)), span=span)

    def inner(self, token: Token) -> Tree:
        left = self.sum()
        self.expect(",")
        right = self.sum()
        end = self.expect("\\rangle")
        span = token.span.cover(end.span)
        if self.here.text == "_":
            self.take()
            self.argument_tokens()  # \langle A, B \rangle_F is the same inner product
        return call_tree("sum", join("dotmul", left, right), span=span)

    def environment(self, token: Token) -> Tree:
        name = self.argument_text()
        if name == "cases":
            return self.cases(token)
        if name not in _ENVIRONMENTS:
            raise problem("E100", f"The environment {name} is not a matrix.", token.span)
        if name == "array" and self.here.text == "{":
            self.argument_tokens()
        rows: list[list[Tree]] = [[]]
        outer, self.bars = self.bars, 0
        while True:
            rows[-1].append(self.cell())
            sign = self.take()
            if sign.text == "\\\\":
                if self.here.text == "\\end":
                    self.take()
                    break
                rows.append([])
            elif sign.text == "\\end":
                break
            elif sign.text != "&":
                raise problem("E101", "This matrix is not ended.", token.span)
        self.argument_text()
        self.bars = outer
        if len({len(r) for r in rows}) > 1:
            raise problem("E300", "The rows of this matrix have different lengths.", token.span)
        span = Span(token.start, self.tokens[self.at - 1].end)
        return Tree("matrix", tuple(t for r in rows for t in r), value=(len(rows), len(rows[0])), span=span)

    def cell(self) -> Tree:
        tree = self.signed()
        while self.here.text in ("+", "-"):
            sign = self.take().text
            tree = join("add" if sign == "+" else "sub", tree, self.signed())
        return tree

    def summed(self, token: Token) -> Tree:
        """`\\sum_{i=1}^n`, `\\sum_{i,j}`, `\\sum_i \\sum_j` and what is summed: a term, and the next ones too as long
        as they have the index."""
        indices = self.sum_indices()
        while self.here.text == "\\sum":
            self.take()
            indices += self.sum_indices()
        if not indices:
            raise problem("E100", "A sum says over which index it goes: \\sum_i.", token.span)
        self.bound += indices
        body = self.entrywise()
        while self.here.text in ("+", "-"):
            start = self.at
            sign = self.take().text
            term = self.entrywise()
            if not _depends(term, indices):
                self.at = start
                break
            body = join("add" if sign == "+" else "sub", body, term)
        del self.bound[-len(indices) :]
        span = token.span.cover(body.span)
        columns = self.choice("samples") == 1
        other = self.choice(f"data{token.start}") == 1
        before = set(self.axes)
        tree = lift(body, indices, span, Kinds(self.declared, self.samples, columns, other, self.axes))
        if len(indices) == 1 and indices[0] in self.upper:
            self.lengths |= {n: self.upper[indices[0]] for n in set(self.axes) - before if self.axes[n] == 1}
        return tree

    def sum_indices(self) -> list[str]:
        """The indices below a sign of summation. The bounds must be those that the sizes say: from 1 to n."""
        indices: list[str] = []
        start: list[str] = []
        span = self.here.span
        if self.here.text == "_":
            self.take()
            words = [t.text for t in self.argument_tokens() if t.text not in ("{", "}")]
            cut = next((k for k, w in enumerate(words) if w in ("=", "\\in")), len(words))
            indices = [w for w in words[:cut] if w.isalpha()]
            start = words[cut:]
            if "".join(words[:cut]).replace(",", "") != "".join(indices):
                raise self._part_of(span)
        end: list[str] = []
        if self.here.text == "^":
            self.take()
            end = [t.text for t in self.argument_tokens() if t.text not in ("{", "}")]
        if not self._whole_range(start, end):
            raise self._part_of(span)
        self.upper = {i: end[0] for i in indices if len(end) == 1 and end[0].isalpha()}
        return indices

    def _part_of(self, span: Span) -> FrechetError:
        return problem("E303", "A sum over a part of the entries has no notation here.", span,
                       help="Sums run from 1 to the size: \\sum_{i=1}^n, \\sum_i.")  # fmt: skip

    def _whole_range(self, start: list[str], end: list[str]) -> bool:
        """Whether bounds are 1 and n (or 0 and n - 1, or a set [n]) and not a part of that."""
        if start[:1] == ["\\in"]:
            inner = [w for w in start[1:] if w not in ("[", "]", "(", ")", ",", "1", "\\dots", "\\ldots", "\\cdots")]
            return len(inner) == 1 and start[1] in ("[", "(") and inner[0].isalpha()
        if start[:1] == ["="] and start[1:] not in (["1"], ["0"]):
            return False
        if start[1:] == ["0"]:
            return not end or (len(end) == 3 and end[1:] == ["-", "1"])
        number = len(end) == 1 and end[0].isdigit()
        known = self.declared.values() if isinstance(self.declared, Mapping) else ()
        sizes = [str(d) for dims in known for d in dims]
        return not end or (len(end) == 1 and (not number or end[0] in sizes))


def _depends(tree: Tree, indices: list[str]) -> bool:
    return any(t.kind == "bound" and set(indices) & set("".join(t.value)) for t in subtrees(tree))
