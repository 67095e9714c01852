"""Atoms of a LaTeX formula: brackets, bars, norms, fractions, functions, matrices, sums over an index."""

from __future__ import annotations

from fractions import Fraction

from frechet.core.errors import Span, problem
from frechet.language.latex_cursor import call_tree, join, names_in, num
from frechet.language.latex_names import ACCENTS, FONTS, FUNCTIONS, GREEDY, GREEK, VARIANTS, WORDS
from frechet.language.latex_sums import lift
from frechet.language.latex_words import Names
from frechet.language.tokens import Token
from frechet.language.tree import Tree, subtrees

_ENVIRONMENTS = frozenset({"bmatrix", "pmatrix", "matrix", "smallmatrix", "array", "Bmatrix"})


class Atoms(Names):
    """Everything a factor begins with."""

    def atom(self, subscripts: bool = True) -> Tree:
        token = self.take()
        text = token.text
        if token.kind == "number":
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
        squared = join("mul", join("mul", Tree("transpose", (inner,), span=inner.span), weight), inner)
        return call_tree("sqrt", squared, span=span)

    def command(self, word: str, token: Token, subscripts: bool) -> Tree:
        if word in VARIANTS or word in GREEK:
            name = VARIANTS.get(word, word)
            if name == "sigma" and self.here.text == "(" and not self.known("sigma"):
                return self.applied("sigmoid", token)
            return self.named(name, token, subscripts)
        if word in ("frac", "sqrt", "langle", "begin", "sum", "binom"):
            return {"frac": self.fraction, "sqrt": self.root, "langle": self.inner, "begin": self.environment,
                    "sum": self.summed, "binom": self.fraction}[word](token)  # fmt: skip
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
            return self.ones(token)
        raise problem("E100", f"\\{word} is not known here.", token.span, help="Write the formula with known commands.")

    def applied(self, name: str, token: Token) -> Tree:
        """A function with brackets, or with what follows it."""
        power: list[Token] = []
        span = token.span
        if self.here.text == "_":
            self.take()
            self.argument_tokens()  # \log_e, \max_i: the subscript of a function says nothing new
        if self.here.text == "^":
            self.take()
            power = self.argument_tokens()
        if self.here.text in ("(", "["):
            self.entries += name in ("sum", "mean", "vec", "max")
            args = self.arguments()
            self.entries -= name in ("sum", "mean", "vec", "max")
        elif self.here.text == "{":
            self.take()
            args = [self.sum()]
            self.expect("}")
        else:
            args = [self.product() if name in GREEDY else self.factor()]
        span = Span(span.start, self.tokens[self.at - 1].end)
        tree = self.call(name, args, span)
        if power:
            kind = "dotpow" if self.choice(f"power{span.start}") == 1 else "pow"
            tree = Tree(kind, (tree, self.within(power)), span=span)
        return tree

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
        if name not in _ENVIRONMENTS:
            raise problem("E100", f"The environment {name} is not a matrix.", token.span)
        if name == "array" and self.here.text == "{":
            self.argument_tokens()
        rows: list[list[Tree]] = [[]]
        outer, self.bars = self.bars, 0
        while True:
            rows[-1].append(self._cell())
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

    def _cell(self) -> Tree:
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
        return lift(body, indices, span, self.declared, columns, self.choice(f"data{token.start}") == 1)

    def sum_indices(self) -> list[str]:
        """The indices below a sign of summation; the bounds say nothing that the sizes do not say."""
        indices: list[str] = []
        if self.here.text == "_":
            self.take()
            words = [t.text for t in self.argument_tokens() if t.text not in ("{", "}")]
            cut = next((k for k, w in enumerate(words) if w in ("=", "\\in")), len(words))
            indices = [w for w in words[:cut] if w.isalpha()]
        if self.here.text == "^":
            self.take()
            self.argument_tokens()
        return indices


def _depends(tree: Tree, indices: list[str]) -> bool:
    return any(t.kind == "bound" and set(indices) & set("".join(t.value)) for t in subtrees(tree))
