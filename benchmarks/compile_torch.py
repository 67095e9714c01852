"""The cases in PyTorch (torch.func), where it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from benchmarks.compile_cases import Case, jax_functions
from tests.compile.problems import Problem


def torch_runner(case: Case, problem: Problem, arrays: dict[str, Any]) -> Callable[[], Any] | None:
    """The wanted result by torch.func on the same function, spelled for torch; None without PyTorch."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    torch.set_num_threads(1)
    names = SimpleNamespace(
        exp=torch.exp, sqrt=torch.sqrt, tanh=torch.tanh, log=torch.log, trace=torch.trace, diag=torch.diag,
        eye=lambda n: torch.eye(n, dtype=torch.float64), logaddexp=lambda a, u: torch.nn.functional.softplus(u),
        linalg=SimpleNamespace(slogdet=torch.linalg.slogdet, inv=torch.linalg.inv),
    )  # fmt: skip
    special = SimpleNamespace(logsumexp=lambda Z, axis: torch.logsumexp(Z, axis))
    other = SimpleNamespace(
        nn=SimpleNamespace(softmax=lambda u: torch.softmax(u, 0)), scipy=SimpleNamespace(special=special)
    )
    f = jax_functions(names, other)[case.problem]
    places = tuple(list(problem.variables).index(n) for n in (case.wrt or problem.wrt))
    first = places[0]

    def newton(*a: Any) -> Any:
        g = torch.func.grad(f, first)(*a)
        H = torch.func.hessian(f, first)(*a).reshape(g.numel(), g.numel())
        return torch.linalg.solve(H, g.reshape(-1)).reshape(g.shape)

    def hvp(*a: Any) -> Any:
        *rest, v = a
        return torch.func.jvp(
            lambda x: torch.func.grad(f, first)(*rest[:first], x, *rest[first + 1 :]), (rest[first],), (v,)
        )[1]

    def both(*a: Any) -> Any:
        g, value = torch.func.grad_and_value(f, places)(*a)
        return value, g

    run = {
        "value_and_gradient": both, "hessian": torch.func.hessian(f, first), "jacobian": torch.func.jacrev(f, first),
        "newton": newton, "hvp": hvp,
    }[case.want]  # fmt: skip
    given = [torch.as_tensor(a) for a in arrays.values()]
    return lambda: run(*given)
