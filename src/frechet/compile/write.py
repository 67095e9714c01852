"""A program as source code: NumPy with LAPACK, jax.numpy, or torch. One statement for each step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from frechet.compile.precision import MANY
from frechet.compile.program import Step, Value
from frechet.compile.stable.functions import FUNCTIONS, record
from frechet.compile.statements import Statements
from frechet.compile.words import SHORT_POWERS, letters, number, wrapped
from frechet.core.errors import problem

# Columns up to which X'*diag(w)*X is faster as a plain product than as half of one.
NARROW = 32
# Operations for which our own few lines of NumPy are faster than SciPy's.
OWN = ("softmax", "logsumexp")
# Operations whose result is float32 where their arguments are.
KEEPING = (*OWN, "atmax", "cumprod", "coprod", "coprod2", "dcumprod", "reverse")


class Writer(Statements):
    """Writes the steps of a program, one statement for each: a method for each operation."""

    # ---- arrays out of nothing ----

    def _size(self, step: Step) -> str:
        n = self.length(step.spec)
        readers = [s for s in self.program.steps.values() if step.name in s.args]
        called = any(s.op == "entrywise" or (s.op == "scalars" and any(e % 1 for e in s.spec)) for s in readers)
        return f"torch.tensor({n}, dtype=torch.float64)" if called and self.backend == "torch" else n

    def _ones(self, step: Step) -> str:
        return f"{self.np}.ones({self.shape(step.dims)}{self._like()})"

    def _like(self) -> str:
        return ", dtype=dtype"

    def _unit(self, step: Step) -> str:
        place, dims = step.spec
        if self.backend == "jax":
            return f"jnp.zeros({self.shape(dims)}, dtype=dtype).at[{place}].set(1)"
        return f"({self.np}.arange({self.length(dims[0])}) == {place}) * {self.np}.ones((), dtype=dtype)"

    def _pick(self, step: Step) -> str:
        first, dims = step.spec
        rows, cols = (self.length(d) for d in dims)
        if self.backend == "torch":
            return f"torch.eye({cols}, dtype=dtype)[{first}:{first} + {rows}]"
        return f"{self.np}.eye({rows}, {cols}, {first}, dtype=dtype)"

    def _mask(self, step: Step) -> str:
        offset, dims = step.spec
        return f"{self.np}.tril({self.np}.ones({self.shape(dims)}{self._like()}), {-offset})"

    def _entrywise(self, step: Step) -> str:
        (what, *rest), inputs, order = step.spec
        names = iter(step.args)
        parts = [(c, self.aligned(next(names), spots, order) if named else "") for c, named, spots in inputs]
        if what == "linear":
            return self._linear(parts)
        texts = [self.scaled(c, e) for c, e in parts]
        if what == "multiply":
            return " * ".join(texts)
        if what == "decay":
            return f"np.exp(-np.abs({texts[0]}))"
        if what == "sigmoid":
            return f"np.where({texts[0]} >= 0, 1, {texts[1]}) / (1 + {texts[1]})"
        if what == "slope":
            return f"{texts[0]} / (1 + {texts[0]})**2"
        if what == "softplus":
            return f"np.maximum({texts[0]}, 0) + np.log1p({texts[1]})"
        if what == "power":
            return self._raised(texts[0], rest[0])
        if self.backend == "torch":  # its functions take no numbers
            texts = [t if named else f"torch.tensor({t}, dtype=dtype)"
                     for t, (_, named, _) in zip(texts, inputs, strict=True)]  # fmt: skip
        return self._applied(rest[0], texts)

    def _linear(self, parts: Sequence[tuple[Any, str]]) -> str:
        ordered = sorted(parts, key=lambda p: p[0] < 0)
        text = self.scaled(*ordered[0])
        for coef, expr in ordered[1:]:
            text += f" - {self.scaled(-coef, expr)}" if coef < 0 else f" + {self.scaled(coef, expr)}"
        return text

    def _raised(self, base: str, e: Any) -> str:
        template = SHORT_POWERS.get(Fraction(e)) if not isinstance(e, float) else None
        if template is not None:
            safe = base if base.isidentifier() else f"({base})"
            if self.backend == "torch" and "sqrt" in template and not safe:
                return f"{safe}**{number(e)}"
            return template.replace("{np}.sqrt({0})", f"{self._sqrt(safe)}").replace("{0}", safe)
        return f"({base})**{number(e) if e >= 0 else f'({number(e)})'}" if not base.isidentifier() else (
            f"{base}**{number(e) if e >= 0 else f'({number(e)})'}")  # fmt: skip

    def _sqrt(self, base: str) -> str:
        return f"{self.np}.sqrt({base})"

    def _applied(self, name: str, args: Sequence[str]) -> str:
        """An operation of the registry by its template."""
        operation = record(name)
        text = operation.template(self.backend, len(args))
        for p, a in zip(operation.params[: len(args)], args, strict=True):
            simple = re.sub(r"[_.]|e\+", "", a).isalnum() and (not a[0].isdigit() or f"{{{p}}}." not in text)
            bare = text.strip() in (f"{{{p}}}",) or f"({{{p}}})" in text or f"({{{p}}}," in text or f" {{{p}}})" in text
            text = text.replace(f"{{{p}}}", a if simple or bare else f"({a})")
        if self.single and self.backend == "numpy":
            text = text.replace(", 1.0, 0.0)", ", np.float32(1), np.float32(0))")
        if name in FUNCTIONS and text.startswith(f"{name}("):
            self.helper(name)
        if self.backend == "numpy" and name in OWN:
            self.helper(name)
        return text

    def _scalars(self, step: Step) -> str:
        above = [(name, e) for name, e in zip(step.args, step.spec, strict=True) if e > 0]
        below = [(name, -e) for name, e in zip(step.args, step.spec, strict=True) if e < 0]
        sides = [[self._raised(name, e) if e != 1 else name for name, e in side] for side in (above, below)]
        top, bottom = (" * ".join(side) if side else "1" for side in sides)
        if not below:
            return top
        return f"{top} / {bottom if ' ' not in bottom else f'({bottom})'}"

    def _reduce(self, step: Step) -> str:
        source, kept = step.spec
        (name,) = step.args
        if len(set(source)) == len(source):
            gone = [k for k, i in enumerate(source) if i not in kept]
            if not kept:
                return f"{name}.sum({f'dtype={self.np}.float64' if step.name in self.wide else ''})"
            word = "dim" if self.backend == "torch" else "axis"
            axes = f"{word}={gone[0] if len(gone) == 1 else tuple(gone)}"
            if self.single and self.program.size(self.program.steps[name].dims[k] for k in gone) >= MANY:
                return self.narrow(f"{name}.sum({axes}, dtype={self.np}.float64)")
            return f"{name}.sum({axes})"
        if source == (0, 0):
            if not kept:
                return f"{name}.trace()"
            return f"{name}.diagonal()"
        return f'{self.np}.einsum("{letters(source)}->{letters(kept)}", {name})'

    def _dot(self, step: Step) -> str:
        ia, ib, io = step.spec
        a, b = step.args
        shared = [i for i in ia if i in ib]
        summed = [i for i in shared if i not in io]
        batch = [i for i in shared if i in io]
        if not summed:
            if a in self.divisors:
                (a, ia), (b, ib) = (b, ib), (a, ia)
            sign = "/" if b in self.divisors else "*"
            sides = [(a, ia), (self.divisors.get(b, b), ib)]
            return f" {sign} ".join(self.aligned(x, [io.index(i) for i in idx], len(io)) for x, idx in sides)
        if not batch and io and io[0] not in ia and io[-1] in ia:
            (a, ia), (b, ib) = (b, ib), (a, ia)
        left, right = [i for i in ia if i not in shared], [i for i in ib if i not in shared]
        if batch and not (left and right):
            return f'{self.np}.einsum("{letters(ia)},{letters(ib)}->{letters(io)}", {a}, {b})'
        if not batch and len(ia) <= 2 and len(ib) <= 2 and len(summed) == 1 and step.name not in self.wide:
            return f"{self._matrix(a, ia, summed[0], last=True)} @ {self._matrix(b, ib, summed[0], last=False)}"
        if step.name in self.wide and not batch and not left and not right:
            return f"{self.helper('dot')}({a}, {self.permuted(b, [ib.index(i) for i in ia])})"
        if not io and self.program.steps[a].op == "inv":
            summed = [i for i in ib if i in shared]  # the inverse is turned, which costs nothing if it is symmetric
        first = self._flat(a, ia, [batch, left, summed])
        second = self._flat(b, ib, [batch, summed, right])
        text = f"{first} @ {second}"
        parts = [batch, left, right]
        if self.backend == "numpy" and not io and len(summed) > 1:
            return f"np.vdot({self.permuted(a, [ia.index(i) for i in summed])}, " \
                   f"{self.permuted(b, [ib.index(i) for i in summed])})"  # fmt: skip
        if all(len(p) == 1 for p in parts if p) and (len(batch) <= 1):
            return text
        return f"({text}).reshape({self.shape(step.dims)})" if step.dims else text

    def _entry(self, step: Step) -> str:
        axis, place, order = step.spec
        text = f"{step.args[0]}[{':, ' * axis}{place}]"
        if not step.dims:
            return text
        own = {"numpy": ".copy()", "torch": ".clone()"}.get(self.backend, "")  # no view of what somebody else has
        return f"{self.permuted(text, order)}{own}"

    def _entries(self, step: Step) -> str:
        """An array by its entries."""
        texts = []
        for terms in step.spec:
            parts = [(c, "" if k is None else step.args[k]) for c, k in terms]
            texts.append(self._linear(parts) if parts else "0")
        return f"{self.np}.array([{', '.join(texts)}]{self._like()})"

    def _outers(self, step: Step) -> str:
        left = [self.scaled(c, u) for c, u in zip(step.spec, step.args[0::2], strict=True)]
        stack = f"{self.np}.stack"
        return f"{stack}(({', '.join(left)})).T @ {stack}(({', '.join(step.args[1::2])}))"

    def _matrix(self, name: str, idx: Sequence[int], summed: int, last: bool) -> str:
        if len(idx) == 1 or idx[1 if last else 0] == summed:
            return name
        return f"{name}.T"

    def _flat(self, name: str, idx: Sequence[int], groups: Sequence[Sequence[int]]) -> str:
        """The array with its axes in the order of the groups, each group one axis (empty ones left out)."""
        expr = self.permuted(name, [idx.index(i) for g in groups for i in g])
        if all(len(g) <= 1 for g in groups):
            return expr
        local = dict(zip(idx, self.program.steps[name].dims, strict=True))
        lengths = [" * ".join(self.length(local[i]) for i in g) for g in groups if g]
        return f"{expr}.reshape({', '.join(lengths)})"

    def _gram(self, step: Step) -> str:
        shared, rows, weights = step.spec
        Z = step.args[0]
        dims = self.program.steps[Z].dims
        local = list(range(len(dims)))
        first = self._flat(Z, local, [list(shared), list(rows)])
        if weights is None:
            plain = first.isidentifier() or first == f"{Z}.T"
            text = (f"{Z} @ {Z}.T" if first != Z else f"{Z}.T @ {Z}") if plain else f"{self.helper('gram')}({first})"
        else:
            w = self._flat(step.args[1], list(range(len(weights))), [list(weights)])
            short = self.backend == "numpy" and self.program.size(dims[k] for k in rows) <= NARROW
            turned = first.removesuffix(".T") if first.endswith(".T") else f"{wrapped(first)}.T"
            text = f"({turned} * {w}) @ {first}" if short else f"{self.helper('gram')}({first}, {w})"
        return text if len(rows) == 1 else f"{wrapped(text)}.reshape({self.shape(step.dims)})"

    def _factor(self, step: Step) -> str:
        half, known = step.spec
        (name,) = step.args
        if half > 1:
            side = " * ".join(self.length(d) for d in step.dims)
            return f"{self.helper('Factor')}({name}.reshape({side}, -1))"
        text = f"{self.helper('Factor')}({name}{', symmetric=True' if known else ''})"
        return f"{text}.checked()" if self._cancels(step) else text

    def _cancels(self, factor: Step) -> bool:
        """Whether a determinant stands beside the inverse, as in its derivatives."""
        used = [s.op for s in self.program.steps.values() if factor.name in s.args]
        return self.backend == "numpy" and "det" in used and len(used) > 1

    def _sandwich(self, step: Step) -> str:
        factor, X = step.args
        return f"{factor}.{step.op}({X if step.spec == 0 else f'{X}.T'})"

    _sandwich_diagonal = _sandwich

    def _inv(self, step: Step) -> str:
        text = f"{step.args[0]}.inverse()"
        return text if len(step.dims) == 2 else f"{text}.reshape({self.shape(step.dims)})"

    def _logdet(self, step: Step) -> str:
        return f"{step.args[0]}.logdet()"

    def _det(self, step: Step) -> str:
        return f"{step.args[0]}.det()"

    def _detsign(self, step: Step) -> str:
        return f"{step.args[0]}.sign()"

    def _solve(self, step: Step) -> str:
        turned, axis, order = step.spec
        factor, b = step.args
        flag = ", True" if turned else ""
        if axis == 0 and order <= 2:
            return f"{factor}.solve({b}{flag})"
        if order == 2:
            return f"{factor}.solve({b}.T{flag}).T"
        axes = [axis, *(k for k in range(order) if k != axis)]
        moved = [step.dims[k] for k in axes]
        back = sorted(range(order), key=lambda k: axes[k])
        inner = f"{self.permuted(b, axes)}.reshape({self.length(moved[0])}, -1)"
        return self.permuted(f"{factor}.solve({inner}{flag}).reshape({self.shape(moved)})", back)

    def _largest(self, step: Step) -> str:
        if self.backend == "torch":
            return f"{step.args[0]}.amax({step.spec})"
        return f"{step.args[0]}.max(axis={step.spec})"

    def _call(self, step: Step) -> str:
        text = self._called(step)
        if self.single and self.backend == "numpy" and step.dims and step.spec[0] not in KEEPING:
            return f"np.asarray({text}, dtype=np.float32)"
        return text

    def _called(self, step: Step) -> str:
        name, groups, batched = step.spec
        args = []
        for a, lengths in zip(step.args, groups, strict=True):
            ends = [sum(lengths[:k]) for k in range(len(lengths) + 1)]
            order = list(range(ends[-1]))
            args.append(self._flat(a, order, [order[i:j] for i, j in pairwise(ends)]) if order else a)
        slots = set(re.findall(r"\{(\w+)\}", record(name).template(self.backend, len(args))))
        known = slots == set(record(name).params[: len(args)])
        if not known or any(batched):
            return f"{self._by_value(name, args, batched)}.reshape({self.shape(step.dims) if step.dims else '()'})"
        text = self._applied(name, args)
        if self.backend == "numpy" and "np.real(" in text:
            text = text.replace("np.real(", f"{self.helper('real_part')}(")
        folded = len(step.dims) > 2 or (step.dims and any(n > 1 for g in groups for n in g))  # softmax(vec(X))
        return f"{wrapped(text)}.reshape({self.shape(step.dims)})" if folded else text

    def _by_value(self, name: str, args: Sequence[str], batched: Sequence[bool]) -> str:
        """An operation without a template: its value in the registry, on matrices, once for each entry of a batch."""
        if self.backend != "numpy":
            raise problem("E505", f"There is no {self.backend} code for {name}.", help="NumPy has it.")
        one = [a if b else f"np.reshape({a}, (1, *np.shape({a})))" for a, b in zip(args, batched, strict=True)]
        given = ", ".join(one)
        return f"{self.helper('each')}(REGISTRY[{name!r}].value, {given})"

    # ---- arrays written out ----

    def _expand(self, step: Step) -> str | list[str]:
        coef, pattern, dims = step.spec
        value = Value(coef, step.args[0] if step.args else "", pattern)
        if value.diagonal and self.backend == "numpy":
            zeros = f"np.zeros({self.shape(dims)}, dtype=dtype)  # {' x '.join(map(str, dims))}"
            return [f"{step.name} = {zeros}", f"{self.diagonal(step.name, value)} = {self.on_diagonal(value)}"]
        return self.expanded(coef, value.name, pattern, dims)

    def _assemble(self, step: Step) -> list[str]:
        spec, dims = step.spec
        names = iter(step.args)
        parts = [Value(c, next(names) if named else "", pattern) for c, named, pattern in spec]
        plain, *diagonals = parts
        if plain.coef == 0:
            text = f"{self.np}.zeros({self.shape(dims)}{self._like()})"
        else:
            text = self.expanded(plain.coef, plain.name, plain.pattern, dims)
            owned = not plain.name or (self._owned(plain.name) and step.args.count(plain.name) == 1)
            spread = any(q is None for q in plain.pattern)
            if self.backend == "numpy" and not owned and plain.coef == 1 and not spread:
                text += ".copy()"  # what is written into must belong to this step alone
        if self.backend == "numpy":
            note = f"  # {' x '.join(map(str, dims))}"
            lines = [f"{step.name} = {text}{note}"]
            if plain.coef == 0:
                view, *diagonals = diagonals
                lines += [f"{self.diagonal(step.name, view)} = {self.on_diagonal(view)}"]
            return lines + [f"{self.diagonal(step.name, d)} += {self.on_diagonal(d)}" for d in diagonals]
        for d in diagonals:
            text = f"{self.helper('add_diagonal')}({text}, {self.array(d.coef, d.name, d.pattern)}, {d.pattern})"
        return [f"{step.name} = {text}"]
