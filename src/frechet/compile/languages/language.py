"""How a language spells array code: one table for each (see `array_languages`, `julia`, `matlab`).

`words` are the constructions the emitter needs, over the places {0}, {1}, ...:

    vector_of  a vector of length {0} filled with {1}         matrix_of  {0} x {1} filled with {2}
    ones_vector, ones_matrix, zeros_vector, zeros_matrix      eye        the identity of size {0}
    unit       the column {1} of the identity of size {0}
    diag       the diagonal matrix of a vector                outer      x*y'
    solve      inv(A)*b                                       total1, total2   the sum of a vector, of a matrix
    row_sums, column_sums                                     matrix_power
    product_diagonal   the diagonal of {0}*{1}                matrix_power     {0} to the whole power {1}
    vec, mat   column-major; of the transpose where the language is row-major
    choice     {0} where TEST holds, else {1}                 test       how a comparison is spelled, over SIGN
    commutation   for sizes {0}, {1}, {2} = {0}*{1}           entries, blocks, stack   see `literal`

A word that is missing is refused by name. DTYPE stands for the type of the first argument.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from frechet.compile.stable.functions import record
from frechet.core.errors import FrechetError, problem
from frechet.language.tree import INFIX

# Comments of C, of MATLAB, and the documentation of a function in Julia.
_COMMENT = re.compile(r"/\*.*?\*/|^ *%[^\n]*$|^\"[^\"]*\"$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Language:
    """Words and operators of a language.

    words       constructions, see above
    operations  spellings of operations beside those of their records: by name, "name 2" for two arguments, "name/2"
                for an argument that is a matrix
    helpers     definitions that the file of a function brings along, by the name they are called by
    dotted      vectors are columns, entrywise operators have dots, x*y' and x'*y are written with transposes; indices
                start at one and arrays lie column by column
    taken       names that variables must not have
    refuses     what of x[5] and x[2:5] the language itself refuses where x is shorter: "entry", "slice"
    solid       operations that do not take a transpose that is only a view: the word "whole matrix" copies it
    lowered     composed operations need no spelling: they are written as what they are composed of
    """

    name: str
    words: Mapping[str, str]
    operations: Mapping[str, str] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    dotted: bool = False
    taken: frozenset[str] = frozenset()
    refuses: frozenset[str] = frozenset()
    solid: frozenset[str] = frozenset()
    lowered: bool = False

    def __post_init__(self) -> None:
        KNOWN.append(self)

    def word(self, name: str) -> str:
        """The template of a construction; E504 where the language has none."""
        if name not in self.words:
            raise self.refusal(name, [other.name for other in KNOWN if name in other.words])
        return self.words[name]

    def relation(self, name: str) -> str:
        """The sign of a comparison, or of `and` and `or`, entry by entry."""
        own = self.operations.get(f"sign {name}", INFIX[name])
        return self.words.get("test", "SIGN").replace("SIGN", own)

    def operation(self, name: str, count: int, ndim: int) -> str:
        """The template of an operation over {0}, {1}, ... for so many arguments, the first of so many axes; E504."""
        text = self.spelled(name, count, ndim)
        if text is None:
            raise self.refusal(name, [other.name for other in KNOWN if other.has(name, count, ndim)])
        return text

    def has(self, name: str, count: int = 1, ndim: int = 2) -> bool:
        return self.spelled(name, count, ndim) is not None or (self.lowered and record(name).kind == "composed")

    def spelled(self, name: str, count: int, ndim: int) -> str | None:
        """The template of an operation, or None."""
        operation = record(name)
        keys = (f"{name} {count}", f"{name}/{ndim}", name)
        own = next((self.operations[k] for k in keys if k in self.operations), "")
        text = own or operation.template(self.name, count)
        slots = set(re.findall(r"\{(\w+)\}", text))
        if not text or (operation.kind == "opaque" and slots != set(operation.params[:count])):
            return None
        for i, parameter in enumerate(operation.params):
            text = re.sub(rf"\{{{parameter}\}}", f"{{{i}}}", text)
        return text if ndim or not self.dotted else text.replace(".(", "(")

    def refusal(self, what: str, others: list[str]) -> FrechetError:
        """E504: what this language does not have, and which do."""
        have = f"{', '.join(others)} {'have' if len(others) > 1 else 'has'} it; " if others else ""
        return problem("E504", f"There is no {self.name} code for {what} yet.", help=f"{have}evaluate() always works.")

    def brought(self, text: str) -> list[str]:
        """The helpers that a text calls, and those that they call; what comments speak of is not called."""
        wanted: set[str] = set()
        texts = [text]
        while texts:
            code = _COMMENT.sub("", texts.pop())
            called = {n for n in self.helpers if re.search(rf"(?<![\w.]){n}\.?\(", code)} - wanted
            texts += [self.helpers[n] for n in called]
            wanted |= called
        return [helper for n, helper in self.helpers.items() if n in wanted]

    def identifier(self, name: str) -> str:
        """The name as the language can have it: lambda becomes lambda_."""
        return f"{name}_" if name in self.taken else name


KNOWN: list[Language] = []
"""Every language there is a table for."""
