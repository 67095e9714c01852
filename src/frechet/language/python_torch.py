"""PyTorch modules through torch.fx: the graph of the module, with its parameters as variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from frechet.core.dims import Dim
from frechet.language.python_arrays import LOOKUP, Traced, array, refuse
from frechet.language.tree import Tree

# Layers without parameters, by the function they apply.
_LAYERS = {"ReLU": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "SiLU": "silu",
           "LogSigmoid": "logsigmoid", "Softmax": "softmax", "LogSoftmax": "log_softmax"}  # fmt: skip
_IDENTITIES = frozenset({"Identity"})


def is_module(value: Any) -> bool:
    """Whether a value is a PyTorch module; PyTorch itself is not imported for that."""
    return any(c.__module__ == "torch.nn.modules.module" and c.__name__ == "Module" for c in type(value).__mro__)


def parameters(module: Any) -> dict[str, list[int]]:
    """The parameters of a module as variables: layer.0.weight is layer_0_weight, with the sizes it has."""
    return {_name(n): list(p.shape) for n, p in module.named_parameters()}


def _name(path: str) -> str:
    clean = path.replace(".", "_")
    return clean if clean[:1].isalpha() else f"layer_{clean}"


def module_formula(module: Any, variables: Mapping[str, Sequence[Dim]]) -> Tree:
    """The tree of a module's forward. Raises E100 for a layer or a function that no formula has."""
    try:
        graph = import_module("torch.fx").symbolic_trace(module).graph
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise refuse(f"torch.fx refuses it: {reason}", "Decisions on values have no formula.") from None
    known = {n: Traced(Tree("name", name=n), tuple(dims)) for n, dims in variables.items()}
    try:
        return _run(module, graph, known)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise refuse(f"{type(error).__name__}: {error}") from None


def _run(module: Any, graph: Any, known: Mapping[str, Traced]) -> Tree:
    """The graph, node by node, on symbolic arrays."""
    values: dict[str, Any] = {}

    def read(part: Any) -> Any:
        if isinstance(part, (tuple, list)):
            return type(part)(read(p) for p in part)
        if isinstance(part, dict):
            return {k: read(v) for k, v in part.items()}
        return values[part.name] if type(part).__name__ == "Node" else part

    for node in graph.nodes:
        args, options = read(tuple(node.args)), read(dict(node.kwargs))
        if node.op == "placeholder":
            if node.target not in known:
                raise refuse(f"the input {node.target} has no dimensions", "Say them in `variables`.")
            values[node.name] = known[node.target]
        elif node.op == "get_attr":
            values[node.name] = _attribute(module, str(node.target), known)
        elif node.op == "call_function":
            values[node.name] = _function(node.target)(*args, **options)
        elif node.op == "call_method":
            if node.target in ("var", "std"):
                values[node.name] = LOOKUP[0](f"torch.{node.target}")(*args, **options)
            else:
                values[node.name] = getattr(args[0], node.target)(*args[1:], **options)
        elif node.op == "call_module":
            values[node.name] = _layer(module.get_submodule(node.target), _name(str(node.target)), known, args)
        else:
            return array(args[0]).tree
    raise refuse("it does not return one array")


def _attribute(module: Any, path: str, known: Mapping[str, Traced]) -> Traced:
    name = _name(path)
    if name in known:
        return known[name]
    owner, _, last = path.rpartition(".")
    return array(getattr(module.get_submodule(owner) if owner else module, last).detach())


def _function(target: Callable[..., Any]) -> Callable[..., Any]:
    """Operators act on symbolic arrays as they are; functions are found by their names."""
    home = getattr(target, "__module__", "") or ""
    if home in ("_operator", "operator"):
        return target
    return LOOKUP[0](f"torch.{target.__name__}" if target.__name__ in ("var", "std") else target.__name__)


def _layer(layer: Any, name: str, known: Mapping[str, Traced], args: Sequence[Any]) -> Any:
    kind = type(layer).__name__
    if kind == "Linear":
        result = array(args[0]) @ known[f"{name}_weight"].T
        return result if layer.bias is None else result + known[f"{name}_bias"]
    if kind in _IDENTITIES or (kind == "Dropout" and not layer.training):
        return args[0]
    if kind in ("Softmax", "LogSoftmax"):
        return LOOKUP[0](_LAYERS[kind])(*args, dim=layer.dim)
    if kind in _LAYERS and not (kind == "Softplus" and (layer.beta, layer.threshold) != (1.0, 20.0)):
        return LOOKUP[0](_LAYERS[kind])(*args)
    help = "Call .eval() on the module." if kind == "Dropout" else ""
    raise refuse(f"the layer {kind}", help)
