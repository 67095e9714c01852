"""The laws of the smart constructor of products."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from frechet.core.build import add, apply_map
from frechet.core.ein import constant, ein, elementwise_power, is_zero, product, scale, transpose, zero
from frechet.core.errors import FrechetError
from frechet.core.node import Node, describe, size_node, unit, var
from frechet.core.tensor import Tensor, contract
from frechet.ops import REGISTRY

N = ("n",)


def tensor(name: str, *dims: str | int, facts: tuple[str, ...] = ()) -> Tensor:
    return Tensor(var(name, dims, facts), tuple((d,) for d in dims))


A, B, X = tensor("A", "n", "n"), tensor("B", "n", "n"), tensor("X", "m", "n")
x, y = tensor("x", "n"), tensor("y", "n")
inv, det, logdet = (REGISTRY[name].build for name in ("inv", "det", "logdet"))


def test_equal_content_is_the_same_object() -> None:
    assert contract("ij,jk->ik", A, B).node is contract("ab,bc->ac", A, B).node
    assert contract("ij,i->j", A, x).node is contract("i,ij->j", x, A).node


def test_a_transpose_twice_is_nothing() -> None:
    assert transpose(transpose(A.node)) is A.node


@pytest.mark.parametrize("seed", range(20))
def test_the_label_does_not_depend_on_the_order_of_factors_or_names_of_indices(seed: int) -> None:
    rng = random.Random(seed)
    nodes = [A.node, B.node, A.node, x.node, x.node, B.node]
    idx = [(0, 1), (1, 2), (2, 3), (0,), (4,), (3, 4)]
    rename = list(range(5))
    rng.shuffle(rename)
    order = list(range(6))
    rng.shuffle(order)
    plain = ein(1, [(n, i, 1) for n, i in zip(nodes, idx, strict=True)], (), dict.fromkeys(range(5), "n"))
    mixed = [(nodes[k], tuple(rename[i] for i in idx[k]), 1) for k in order]
    assert ein(1, mixed, (), dict.fromkeys(range(5), "n")) is plain


def test_the_label_of_a_ring_of_equal_factors() -> None:
    def ring(start: int) -> Node:
        factors = [(A.node, ((k + start) % 6, (k + start + 1) % 6), 1) for k in range(6)]
        return ein(1, factors, (), dict.fromkeys(range(6), "n"))

    assert ring(0) is ring(3)


def test_a_sum_over_an_index_without_factor_is_its_size() -> None:
    eye = contract("->ii", sizes={"i": N})
    assert contract("ii->", eye).node is size_node("n")
    assert contract("ii->", contract("->ii", sizes={"i": (5,)})).node is constant(5)


def test_exponents_of_equal_factors_add_up() -> None:
    assert (x * x * x).node is elementwise_power(x.node, 3)
    assert (x * x**-1).node is constant(1, N)
    assert (x ** Fraction(1, 2) * x ** Fraction(1, 2)).node is x.node


def test_an_even_power_under_a_root_is_not_undone() -> None:
    assert ((x**2) ** Fraction(1, 2)).node is not x.node


def test_numbers_come_out_of_powers() -> None:
    assert ((x * 2) ** 3).node is scale((x**3).node, 8)
    assert elementwise_power(constant(12), Fraction(1, 2)) is scale(elementwise_power(constant(3), Fraction(1, 2)), 2)


def test_zero_laws() -> None:
    assert is_zero((x * 0).node)
    assert is_zero(add([(1, x.node), (-1, x.node)], N))
    assert is_zero(product(zero(N), x.node))
    with pytest.raises(FrechetError) as caught:
        elementwise_power(zero(N), -1)
    assert caught.value.diagnostic.code == "E400"


def test_a_difference_and_its_negative_share_a_node() -> None:
    a, b = (x - y).node, (y - x).node
    assert scale(a, -1) is b


def test_a_matrix_cancels_against_its_inverse() -> None:
    eye = contract("->ii", sizes={"i": N}).node
    assert contract("ij,jk->ik", inv(A), A).node is eye
    assert contract("ij,jk->ik", A, inv(A)).node is eye
    gram = contract("ki,kj->ij", X, X)
    assert contract("ij,kj,kl->il", inv(gram), X, X).node is eye


def test_inverse_of_square_products_is_taken_apart() -> None:
    product_ = contract("ij,jk->ik", A, B)
    assert inv(product_).node is contract("ij,jk->ik", inv(B), inv(A)).node
    assert det(product_).node is (det(A) * det(B)).node
    assert logdet(product_).node is (logdet(A) + logdet(B)).node
    assert inv(contract("i->ii", x)).node is contract("i->ii", x**-1).node


def test_rectangular_products_stay_whole() -> None:
    gram = contract("ki,kj->ij", X, X)
    assert describe(inv(gram).node).startswith("inv(")


def test_orthogonal_matrices() -> None:
    Q = tensor("Q", "n", "n", facts=("orthogonal",))
    assert contract("ki,kj->ij", Q, Q).node is contract("->ii", sizes={"i": N}).node
    assert inv(Q).node is Q.T.node


def test_symmetric_variables_are_their_own_transpose() -> None:
    S = tensor("S", "n", "n", facts=("symmetric",))
    assert S.T.node is S.node
    assert inv(S).T.node is inv(S).node
    assert contract("ij,i->j", S, x).node is contract("ij,j->i", S, x).node


def test_basis_vectors() -> None:
    e1, e2 = Tensor(unit(0, 3), ((3,),)), Tensor(unit(1, 3), ((3,),))
    assert is_zero(contract("i,i->", e1, e2).node)
    assert contract("i,i->", e1, e1).node is constant(1)
    assert contract("i->", e1).node is constant(1)


def test_elementwise_functions_see_through_broadcasting_and_signs() -> None:
    tanh = REGISTRY["tanh"]
    spread = contract("i->ij", x, sizes={"j": ("m",)})
    assert apply_map(tanh, [spread.node]) is contract("i->ij", tanh.build(x), sizes={"j": ("m",)}).node
    assert tanh.build(-x).node is scale(tanh.build(x).node, -1)
    assert REGISTRY["cos"].build(-x).node is REGISTRY["cos"].build(x).node


def test_elementwise_functions_of_a_diagonal_are_dense() -> None:
    exp = REGISTRY["exp"]
    assert exp.build(contract("i->ii", x)).node is not contract("i->ii", exp.build(x)).node


def test_stable_forms_on_entry() -> None:
    exp, log = REGISTRY["exp"].build, REGISTRY["log"].build
    assert log(1 + exp(x)).node is REGISTRY["softplus"].build(x).node
    total = contract("i->", exp(x))
    assert log(total).node is REGISTRY["logsumexp"].build(x).node


def test_sign_takes_its_argument_along() -> None:
    sign, size, relu = (REGISTRY[n].build for n in ("sign", "abs", "relu"))
    assert (x * sign(x)).node is size(x).node
    assert (relu(x) * sign(relu(x))).node is relu(x).node
    assert (sign(x) * size(x) ** -1).node is (x**-1).node


def test_a_whole_contraction_cancels_against_its_own_power() -> None:
    WH = contract("ik,kj->ij", X, A)
    assert (WH * WH**-2).node is (WH**-1).node


def test_softmax_adds_up_to_one() -> None:
    assert contract("i->", REGISTRY["softmax"].build(x)).node is constant(1)
