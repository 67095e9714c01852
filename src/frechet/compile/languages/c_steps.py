"""The steps of a program as C: a loop nest each, entries in C order; an entrywise step used once is inside the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from frechet.compile.languages.c_helpers import ENTRYWISE, HELPERS, OPERATORS, WHOLE
from frechet.compile.languages.c_text import bare, linear, matrix_product, quotient, raised, scaled, wrapped
from frechet.compile.languages.language import Language
from frechet.compile.plan import FACTORED
from frechet.compile.program import Program, Step, Value
from frechet.compile.words import labels_of
from frechet.core.dims import Dim

C = Language("c", {}, dict.fromkeys((*ENTRYWISE, *WHOLE, *FACTORED), "{x}"), HELPERS, lowered=True)

# Entrywise steps inside each other, at most.
DEEPEST = 6

Nest = Sequence[tuple[str, str]]
"""(index, length) of each loop, the outermost first."""


class CSteps:
    """Writes the steps of one program; `places` are the arrays that results are written to directly, `turned` the
    order of the axes there."""

    def __init__(self, program: Program, steps: Sequence[Step], taken: set[str], places: Mapping[str, str],
                 turned: Mapping[str, Sequence[int]]) -> None:  # fmt: skip
        self.program, self.steps, self.places, self.turned = program, steps, places, turned
        self.uses: dict[str, int] = {}
        for step in steps:
            for a in step.args:
                self.uses[a] = self.uses.get(a, 0) + 1
        self.letters = [c for c in (*"ijklpqrsuvh", *(f"i{k}" for k in range(1, 30))) if c not in taken]
        self.inlined: set[str] = set()
        depth: dict[str, int] = {}
        for s in steps:
            depth[s.name] = 1 + max((depth[a] for a in s.args if a in self.inlined), default=0)
            if self._goes_inside(s) and depth[s.name] < DEEPEST:
                self.inlined.add(s.name)
        self.sums = {s.name for s in steps if self._sums_inside(s)}
        self.integers: dict[str, str] = {}
        self.fails = False
        self.system = False  # whether it is a system that is solved: close to singular it has no answer

    def _entrywise_like(self, step: Step) -> bool:
        return step.op in ("entrywise", "scalars") or (step.op == "dot" and not self._summed(step))

    def _goes_inside(self, step: Step) -> bool:
        """An entrywise step that one entrywise step of the same loops reads."""
        if not self._entrywise_like(step) or self.uses.get(step.name) != 1 or step.name in self.places:
            return False
        reader = next(s for s in self.steps if step.name in s.args)
        if not self._entrywise_like(reader) or len(reader.dims) != len(step.dims):
            return False
        if reader.op == "scalars":
            return reader.spec[reader.args.index(step.name)] in (1, -1)
        what = reader.spec[0]
        return bool(reader.op == "dot" or what[0] != "power" or what[1] == -1)  # a square would write it twice

    def _sums_inside(self, step: Step) -> bool:
        """A vector of sums that one entrywise step reads: each sum stands before the entry that needs it."""
        name = step.name
        if step.op not in ("dot", "reduce") or len(step.dims) != 1 or not self._summed(step) or name in self.places:
            return False
        while self.uses.get(name) == 1:
            reader = next(s for s in self.steps if name in s.args)
            if not self._entrywise_like(reader) or len(reader.dims) != 1:
                return False
            if reader.name not in self.inlined:
                return not (reader.op == "entrywise" and reader.spec[0][0] == "power")
            name = reader.name
        return False

    def _summed(self, step: Step) -> list[int]:
        """The indices over which a product or a sum adds up."""
        *sources, kept = step.spec
        return [i for i in dict.fromkeys(i for source in sources for i in source) if i not in kept]

    # ---- small parts ----

    def at(self, name: str, idx: Sequence[str]) -> str:
        """An entry of an array; a step that goes inside is written out."""
        step = self.program.steps[name]
        if name in self.inlined:
            return wrapped(self.inside(step, idx))
        if not step.dims or name in self.sums:
            return name
        if name in self.turned:
            axes = self.turned[name]
            return f"{self.places[name]}[{self.flat([step.dims[k] for k in axes], [idx[k] for k in axes])}]"
        return f"{self.places.get(name, name)}[{self.flat(step.dims, idx)}]"

    @staticmethod
    def flat(dims: Sequence[Dim], idx: Sequence[str]) -> str:
        """The position of an entry in C order."""
        text = idx[0]
        for dim, i in zip(dims[1:], idx[1:], strict=True):
            row = "0" if text == "0" else f"{f'({text})' if ' + ' in text else text} * {dim}"
            text = i if row == "0" else row if i == "0" else f"{row} + {i}"
        return text

    def nest(self, dims: Sequence[Dim], start: int = 0) -> list[tuple[str, str]]:
        """Loops over arrays of these dims."""
        return [(self.letters[start + k], str(d)) for k, d in enumerate(dims)]

    @staticmethod
    def loops(nest: Nest, body: Sequence[str]) -> list[str]:
        lines = []
        for depth, (i, count) in enumerate(nest):
            brace = " {" if depth == len(nest) - 1 and len(body) > 1 else ""
            lines.append("    " * depth + f"for (int {i} = 0; {i} < {count}; {i}++){brace}")
        lines += ["    " * len(nest) + line for line in body]
        if nest and len(body) > 1:
            lines.append("    " * (len(nest) - 1) + "}")
        return lines

    def write(self, step: Step) -> list[str]:
        """The statements of a step."""
        if step.op == "input" or step.name in self.inlined | self.sums:
            return []
        rule: Callable[[Step], list[str]] = getattr(self, f"_{step.op}")
        return rule(step)

    def formula(self, step: Step) -> str:
        """What a step is, for a comment: y - X*w."""
        if step.op == "entrywise":
            return self.entry(step, None)
        if step.op == "dot" and not self._summed(step) and len({*step.spec}) == 1:
            return " * ".join(self.read(n, None) for n in step.args)
        if step.op == "dot" and max(map(len, step.spec)) <= 2:
            *sources, kept = step.spec
            return matrix_product(step.args, sources, kept)
        gram = "{0}'*diag({1})*{0}" if len(step.args) > 1 else "{0}'*{0}"
        words = {"factor": "LU factorisation of {0}", "inv": "inverse", "solve": "solve", "gram": gram,
                 "sandwich": "{1}'*inverse*{1}"}  # fmt: skip
        return words.get(step.op, "").format(*step.args)

    def read(self, name: str, idx: Sequence[str] | None) -> str:
        """An entry, or for a comment the array."""
        if idx is not None:
            return self.at(name, idx)
        inside = name in self.inlined or name in self.sums
        return wrapped(self.formula(self.program.steps[name]) or name) if inside else name

    def _set(self, step: Step, text: str, idx: Sequence[str]) -> str:
        """The statement that gives a step, or one entry of it, its value."""
        text = bare(text) if text.startswith("(") else text
        return f"{self.at(step.name, idx)} = {text};" if step.dims else f"double {step.name} = {text};"

    # ---- entries ----

    def _entrywise(self, step: Step) -> list[str]:
        nest = self.nest(step.dims)
        idx = [i for i, _ in nest]
        return self.loops(nest, [*self._before(step), self._set(step, self.entry(step, idx), idx)])

    def _before(self, step: Step) -> list[str]:
        """The sums that an entry of a step needs."""
        lines: list[str] = []
        for name in sorted(self.sums & self.reads(step), key=list(self.uses).index):
            text, _, inner = self._terms(self.program.steps[name])
            lines += self._sum(self.program.steps[name], text, inner, scalar=True)
        return lines

    def reads(self, step: Step) -> set[str]:
        """What an entrywise step reads, with what is inside it."""
        found = set(step.args)
        for name in step.args:
            if name in self.inlined:
                found |= self.reads(self.program.steps[name])
        return found

    def entry(self, step: Step, idx: Sequence[str] | None) -> str:
        """The expression of one entry of an entrywise step; without indices that of the arrays."""
        (what, *rest), inputs, _ = step.spec
        names = iter(step.args)
        parts = []
        for coef, named, spots in inputs:
            place = None if idx is None else [idx[s] for s in spots]
            text = self.read(next(names), place) if named else ""
            parts.append((coef, f"{text}'" if idx is None and tuple(spots) == (1, 0) else text))
        if what == "linear":
            return linear(parts)
        texts = [scaled(c, e) for c, e in parts]
        if what == "multiply":
            return " * ".join(f"({t})" if t.startswith("-") and k else t for k, t in enumerate(texts))
        if what == "power":
            return raised(texts[0], rest[0])
        if rest[0] not in ENTRYWISE:
            C.operation(rest[0], len(texts), 1)
        return ENTRYWISE[rest[0]].format(*map(wrapped if rest[0] in OPERATORS else bare, texts))

    def _scalars(self, step: Step) -> list[str]:
        return [self._set(step, self.inside(step, ()), ())]

    def _size(self, step: Step) -> list[str]:
        return [self._set(step, str(step.spec), ())]

    def _ones(self, step: Step) -> list[str]:
        return self._each(step, "1")

    def _each(self, step: Step, text: str) -> list[str]:
        nest = self.nest(step.dims)
        return self.loops(nest, [*self._before(step), self._set(step, text, [i for i, _ in nest])])

    def _unit(self, step: Step) -> list[str]:
        return self._each(step, f"{self.letters[0]} == {step.spec[0]}")

    def _pick(self, step: Step) -> list[str]:
        i, j = self.letters[:2]
        return self._each(step, f"{j} == {i} + {step.spec[0]}")

    def _mask(self, step: Step) -> list[str]:
        i, j = self.letters[:2]
        offset = step.spec[0]
        shift = f" {'+' if offset > 0 else '-'} {abs(offset)}" if offset else ""
        return self._each(step, f"{i} >= {j}{shift}")

    # ---- sums ----

    def _sum(self, step: Step, terms: str, inner: Nest, idx: Sequence[str] = (), scalar: bool = False) -> list[str]:
        """Each entry as a sum over inner loops; with `scalar` the one entry that is at hand."""
        if scalar or not step.dims:
            return [f"double {step.name} = 0;", *self.loops(inner, [f"{step.name} += {terms};"])]
        outer = [(i, str(d)) for i, d in zip(idx, step.dims, strict=True)]
        body = ["double sum = 0;", *self.loops(inner, [f"sum += {terms};"]), self._set(step, "sum", idx)]
        return self.loops(outer, body)

    def _terms(self, step: Step) -> tuple[str, list[str], Nest]:
        """What a product or a sum adds up, the indices of its entries, and the loops of the sum."""
        *sources, kept = step.spec
        dims: dict[int, Dim] = {}
        for idx, name in zip(sources, step.args, strict=True):
            dims |= dict(zip(idx, self.program.steps[name].dims, strict=True))
        order = [*kept, *self._summed(step)]
        letter = dict(zip(order, self.letters, strict=False))
        entries = [self.at(n, [letter[i] for i in idx]) for n, idx in zip(step.args, sources, strict=True)]
        inner = [(letter[i], str(dims[i])) for i in order if i not in kept]
        return " * ".join(entries), [letter[i] for i in kept], inner

    def inside(self, step: Step, idx: Sequence[str]) -> str:
        """An entry of an entrywise step, or a scalar, as an expression."""
        if step.op == "scalars":
            return quotient([(self.at(n, ()), e) for n, e in zip(step.args, step.spec, strict=True)])
        return self.entry(step, idx) if step.op == "entrywise" else self._pairs(step, idx)

    def _pairs(self, step: Step, idx: Sequence[str]) -> str:
        """An entry of a product that sums over nothing."""
        *sources, kept = step.spec
        letter = dict(zip(kept, idx, strict=True))
        return " * ".join(self.at(n, [letter[i] for i in own]) for n, own in zip(step.args, sources, strict=True))

    def _reduce(self, step: Step) -> list[str]:
        text, idx, inner = self._terms(step)
        return self._sum(step, text, inner, idx) if inner else self._each(step, text)

    def _dot(self, step: Step) -> list[str]:
        ia, ib, io = step.spec
        text, idx, inner = self._terms(step)
        if not inner:
            return self._each(step, text)
        if len(io) > 1 and (ia[-1] == io[-1] or ib[-1] == io[-1]):
            # The last index innermost: every array is read along its rows.
            nest = [(i, str(d)) for i, d in zip(idx, step.dims, strict=True)]
            add = self.loops([*nest[:-1], *inner, nest[-1]], [f"{self.at(step.name, idx)} += {text};"])
            return [*(self._each(step, "0") if step.name in self.places else []), *add]
        return self._sum(step, text, inner, idx)

    def _outers(self, step: Step) -> list[str]:
        i, j = self.letters[:2]
        pairs = zip(step.spec, step.args[0::2], step.args[1::2], strict=True)
        return self._each(step, linear([(c, f"{self.at(u, [i])} * {self.at(v, [j])}") for c, u, v in pairs]))

    def _gram(self, step: Step) -> list[str]:
        shared, rows, weights = step.spec
        Z = step.args[0]
        dims = self.program.steps[Z].dims
        nest = self.nest(step.dims)
        half = len(rows)
        inner = [(self.letters[2 * half + k], str(dims[axis])) for k, axis in enumerate(shared)]
        sides = []
        for place in (nest[:half], nest[half:]):
            axes = dict(zip((*rows, *shared), (i for i, _ in (*place, *inner)), strict=True))
            sides.append(self.at(Z, [axes[k] for k in range(len(dims))]))
        weight = ""
        if weights is not None:
            weight = f" * {self.at(step.args[1], [inner[weights.index(k)][0] for k in sorted(weights)])}"
        return self._sum(step, f"{sides[0]}{weight} * {sides[1]}", inner, [i for i, _ in nest])

    def _largest(self, step: Step) -> list[str]:
        whole, axis = self.program.steps[step.args[0]], step.spec
        nest = self.nest(step.dims)
        idx = [i for i, _ in nest]
        full = [*idx[:axis], "0", *idx[axis:]]
        stride = " * ".join(str(d) for d in whole.dims[axis + 1 :]) or "1"
        text = f"largest({whole.dims[axis]}, &{self.at(whole.name, full)}, {stride})"
        return self.loops(nest, [self._set(step, text, idx)])

    # ---- arrays written out ----

    def _expand(self, step: Step) -> list[str]:
        coef, pattern, dims = step.spec
        return self.expanded(step.name, Value(coef, step.args[0] if step.args else "", pattern), dims, "=")

    def _assemble(self, step: Step) -> list[str]:
        spec, dims = step.spec
        names = iter(step.args)
        plain, *rest = [Value(c, next(names) if named else "", pattern) for c, named, pattern in spec]
        lines = self.expanded(step.name, plain, dims, "=")
        return lines + [line for v in rest for line in self.expanded(step.name, v, dims, "+=")]

    def expanded(self, name: str, value: Value, dims: Sequence[Dim], sign: str) -> list[str]:
        """An array written out entry by entry; where the value stands on a diagonal, the rest is zero."""
        if not dims:
            return [f"double {name} = {scaled(value.coef, value.name)};"]
        labels = labels_of(value)
        kept = list(dict.fromkeys(labels))
        letter = dict(zip(kept, self.letters, strict=False))
        nest = [(letter[k], str(dims[labels.index(k)])) for k in kept]
        order = len({p for p in value.pattern if p is not None and p >= 0})
        entry = self.at(value.name, [letter[k] for k in range(order)]) if value.name else ""
        target = f"{self.places.get(name, name)}[{self.flat(dims, [letter[k] for k in labels])}]"
        zero: list[str] = []
        if value.diagonal and sign == "=" and (name in self.places or name not in self.program.steps):
            whole = self.nest(dims)
            zero = self.loops(whole, [f"{self.places.get(name, name)}[{self.flat(dims, [i for i, _ in whole])}] = 0;"])
        return [*zero, *self.loops(nest, [f"{target} {sign} {scaled(value.coef, entry)};"])]
