"""Letters, words, accents and subscripts of a LaTeX formula."""

from __future__ import annotations

from abc import abstractmethod

from frechet.core.errors import Span, problem
from frechet.language.latex_conditions import Conditions
from frechet.language.latex_cursor import call_tree, num, plain, ranges_of, size, subscripts_of
from frechet.language.latex_names import (
    ACCENTS,
    BLACKBOARD,
    FONTS,
    FUNCTIONS,
    GREEK,
    NAMED,
    SHORT,
    VARIANTS,
    WORDS,
)
from frechet.language.tokens import Token
from frechet.language.tree import Tree
from frechet.ops.op import REGISTRY

_STATEMENT = "Derivatives and their values are claims: check_statement reads them, with an equals sign."


class Names(Conditions):
    """What a letter stands for: a variable, an entry, a sample of a sum, the identity, ones, a function."""

    def dressed(self, word: str, token: Token, subscripts: bool) -> Tree:
        """A letter or word in a font or with an accent."""
        tokens = [t for t in self.argument_tokens() if t.text not in ("{", "}")]
        content = [t for t in tokens if t.text[1:] not in FONTS]
        accents = [ACCENTS[t.text[1:]] for t in content if t.text[1:] in ACCENTS]
        letters = [t.text.lstrip("\\") for t in content if t.text[1:] not in ACCENTS]
        inner_sub = ""
        if "_" in letters:
            cut = letters.index("_")
            inner_sub, letters = "".join(letters[cut + 1 :]), letters[:cut]
        text = "".join(VARIANTS.get(x, x) for x in letters)
        span = Span(token.start, self.tokens[self.at - 1].end)
        wide = Token("letter", text, span.start, span.end)
        asked = self.indicator(wide) if text in ("1", "I") and word in FONTS and not self.known(text) else None
        if asked is not None:
            return asked
        if text in ("0", "1") and word in FONTS:
            return self.ones(wide, int(text))
        if text in ("d",) and word in ("mathrm", "rm", "text"):
            if self.here.kind == "letter":
                follower = self.atom()
                return Tree("name", name="d" + plain(follower), span=span.cover(follower.span))
            if not self.known("d"):
                raise problem("E108", "A differential is a statement, not a function.", span, help=_STATEMENT)
        if word in ("mathbb", "mathds") and text in BLACKBOARD and not self.known(text):
            raise problem("E100", f"This is {BLACKBOARD[text]}, which is not known here.", span,
                          help=f"Declare {text} if it is a variable.")  # fmt: skip
        if text == "e" and word == "mathrm":
            return Tree("name", name="e", span=span)
        if (word in WORDS or word in ("mathrm", "mathsf", "mathbf", "rm")) and len(text) > 1 and text not in GREEK:
            if text in FUNCTIONS:
                return self.applied(FUNCTIONS[text], wide)
            if text in REGISTRY:
                return self.applied(text, wide)
            if self.here.text in ("(", "[") and not self.known(text):
                raise problem("E200", f"{text} is no function that is known here.", span)
        if not text or not text[0].isalpha() or not text.replace("_", "").isalnum():
            raise problem("E100", f"{self.source[span.start : span.end]} is no name.", span)
        mine = [ACCENTS[word]] if word in ACCENTS else []
        if word in ("mathbf", "boldsymbol", "bm", "vec", "vb", "bs"):
            self.bold.add(text)
        base = "_".join([text, *accents, *mine, *([inner_sub] if inner_sub else [])])
        return self.named(base, wide, subscripts)

    def ones(self, token: Token, value: int = 1) -> Tree:
        """A vector or matrix of ones or zeros, with its sizes below or of the fitting one."""
        if self.here.text == "_":
            self.take()
            tokens = [t for t in self.argument_tokens() if t.text not in ("{", "}")]
            cut = next((k for k, t in enumerate(tokens) if t.text in ("\\times", ",")), len(tokens))
            sides = [self.within(part) for part in (tokens[:cut], tokens[cut + 1 :]) if part]
            return call_tree("ones" if value else "zeros", *sides, span=token.span)
        matrix = self.choice(f"ones{token.start}") == 1
        return call_tree("matrix" if matrix else "vector", num(value), span=token.span)

    def named(self, name: str, token: Token, subscripts: bool) -> Tree:
        """A letter with its subscript: part of the name, an entry, or the index of a sum."""
        if not self.known(name) and self.known(SHORT.get(name, "")):
            name = SHORT[name]
        tree = Tree("name", name=name, span=token.span)
        if name == "d" and self.directions and self.here.kind in ("letter", "command") and not self.known("d"):
            other = self.atom()
            return Tree("name", name="d" + plain(other), span=token.span.cover(other.span))
        if name == "d" and self.here.kind == "letter" and self.known("d" + self.here.text):
            letter = self.take()
            return Tree("name", name="d" + letter.text, span=token.span.cover(letter.span))
        if subscripts and self.here.text == "_":
            tree = self.subscripted(tree)
            self.no_function(tree)
            return tree
        self.no_function(tree)
        if name == "I" and not self.known("I"):
            return call_tree("diag", call_tree("vector", num(1)), span=token.span)
        return tree

    def no_function(self, tree: Tree) -> None:
        """f(x) where f is not declared: a function that is only named, and no product."""
        if tree.kind != "name" or self.here.text != "(" or self.known(tree.name) or self.known(tree.name.split("_")[0]):
            return
        inside = [self.ahead(1), self.ahead(2)]
        single = inside[0].kind in ("letter", "command") and inside[0].text[1:] not in FUNCTIONS
        if (single and inside[1].text in (")", ",", ";", "|")) or tree.name.split("_")[0] in NAMED:
            raise problem("E100", f"{tree.name}(...) reads as a function that is only named here.", tree.span,
                          help=f"Write the function itself; if {tree.name} is a variable, declare it or leave the "
                               "brackets out.")  # fmt: skip

    def subscripted(self, tree: Tree) -> Tree:
        self.take()
        tokens = [t for t in self.argument_tokens() if t.text not in ("{", "}")]
        span = Span((tree.span or self.here.span).start, self.tokens[self.at - 1].end)
        parts = subscripts_of(tokens)
        if any(p in self.bound for p in parts):
            return Tree("bound", name=tree.name, value=tuple(parts), span=span)
        if tree.name == "I" and not self.known("I"):
            return call_tree("eye", *[size(p) for p in parts[:1]], span=span)
        if (tree.name, parts) == ("lambda", ["max"]) and self.here.text == "(":
            return self.applied("eigmax", Token("letter", "lambda", span.start, span.end))
        places = ranges_of(tokens)
        if places is not None:
            return Tree("index", (tree,), value=places, span=span)
        if ":" in parts and len(parts) > 2:
            raise problem("E302", "A range of entries is written x_{2:4} or X_{1:2,:}.", span)
        digits = all(p.isdigit() or p == ":" for p in parts)
        joined = [f"{tree.name}_{'_'.join(parts)}", tree.name + "".join(parts)]
        for name in joined:
            if self.known(name):
                return tree.with_(name=name, span=span)
        if len(parts) > 1 and all(p in "ijkl" for p in parts):
            raise problem("E302", "An entry has numbers for its place, or the letters of a sum.", span,
                          help="Write X_{12}, or sum over the letters.")  # fmt: skip
        possible = digits and "0" not in parts
        likely = not tree.name[0].isupper() or len("".join(parts)) > 1
        entry = possible and (self.known(tree.name) or (likely and self.choice(f"entry:{tree.name}") == 1))
        if entry:
            if len(parts) == 1 and len(parts[0]) == 2 and self.choice(f"pair{span.start}") == 1:
                parts = list(parts[0])
            places = tuple(None if p == ":" else int(p) for p in parts)
            return Tree("index", (tree,), value=places, span=span)
        name = joined[0].replace(",", "_").replace(":", "")
        return tree.with_(name=name, span=span)

    def entry(self, tree: Tree) -> Tree:
        """(A x)_{2}, (A B)_{1,2}"""
        self.take()
        tokens = [t for t in self.argument_tokens() if t.text not in ("{", "}")]
        span = Span((tree.span or self.here.span).start, self.tokens[self.at - 1].end)
        if [t.text for t in tokens] == ["+"]:
            return call_tree("relu", tree, span=span)
        parts = subscripts_of(tokens)
        if ranges_of(tokens) is not None:
            return Tree("index", (tree,), value=ranges_of(tokens), span=span)
        if any(p in self.bound for p in parts):
            return Tree("bound", (tree,), name="", value=tuple(parts), span=span)
        if not all(p.isdigit() or p == ":" for p in parts) or parts == ["0"]:
            raise problem("E302", "The subscript of a bracket is an entry: numbers, or the index of a sum.", span)
        places = tuple(None if p == ":" else int(p) for p in parts)
        return Tree("index", (tree,), value=places, span=span)

    @abstractmethod
    def applied(self, name: str, token: Token) -> Tree:
        """A function with its argument."""

    @abstractmethod
    def atom(self, subscripts: bool = True) -> Tree:
        """A number, a letter, a bracket, a command."""
