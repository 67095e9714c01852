"""Names as LaTeX has them: Greek letters, accents, fonts, and the words that are functions."""

from __future__ import annotations

from typing import Final

GREEK: Final = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi",
    "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "ell",
})  # fmt: skip
VARIANTS: Final = {"varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho", "varsigma": "sigma",
                   "varpi": "pi", "varSigma": "Sigma", "varLambda": "Lambda"}  # fmt: skip
ACCENTS: Final = {"hat": "hat", "widehat": "hat", "tilde": "tilde", "widetilde": "tilde", "bar": "bar",
                  "overline": "bar", "dot": "dot", "ddot": "ddot", "check": "check"}  # fmt: skip
FONTS: Final = frozenset({
    "mathbf", "boldsymbol", "bm", "mathbb", "mathrm", "mathit", "mathsf", "mathcal", "mathscr", "mathfrak", "vec",
    "bs", "vct", "mat", "pmb", "underline", "symbf", "mathds", "mathtt", "mathbfit", "vb", "textbf", "textit",
})  # fmt: skip
WORDS: Final = frozenset(
    {"operatorname", "operatorname*", "text", "textrm", "mathop", "textup", "mbox", "DeclareMathOperator"}
)

# LaTeX word -> name of the operation.
FUNCTIONS: Final = {
    "exp": "exp", "log": "log", "ln": "log", "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh",
    "tanh": "tanh", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "asin": "asin", "acos": "acos",
    "atan": "atan", "det": "det", "tr": "tr", "Tr": "tr", "trace": "tr", "Trace": "tr", "diag": "diag", "Diag": "diag",
    "vec": "vec", "Vec": "vec", "vect": "vec", "max": "max", "min": "min", "softmax": "softmax", "relu": "relu",
    "ReLU": "relu", "sigmoid": "sigmoid", "logistic": "sigmoid", "softplus": "softplus", "sign": "sign", "sgn": "sign",
    "logsumexp": "logsumexp", "LSE": "logsumexp", "lse": "logsumexp", "logdet": "logdet", "erf": "erf", "adj": "adj",
    "inv": "inv", "pinv": "pinv", "expm": "expm", "logm": "logm", "sqrtm": "sqrtm", "chol": "chol", "triu": "triu",
    "tril": "tril", "sum": "sum", "mean": "mean", "prod": "prod", "abs": "abs", "sqrt": "sqrt", "norm": "norm2",
    "kron": "kron", "mat": "mat", "etr": "etr", "cross": "cross", "outer": "outer", "dot": "dot",
}  # fmt: skip
# Letters that people give to functions: f(x) is no product.
NAMED: Final = frozenset({"f", "g", "F", "G", "D"})
BLACKBOARD: Final = {"E": "an expectation", "P": "a probability", "I": "an indicator", "V": "a variance"}
INVERSES: Final = {"sin": "asin", "cos": "acos", "tan": "atan"}
# Commands that belong to statements, not to functions.
STATEMENTS: Final = {
    "nabla": "a gradient", "partial": "a derivative", "arg": "the place of a minimum", "int": "an integral",
    "argmin": "the place of a minimum", "argmax": "the place of a maximum", "lim": "a limit", "sup": "a supremum",
    "inf": "an infimum",
}  # fmt: skip
# These take everything that follows without brackets: tr A B is tr(A B).
GREEDY: Final = frozenset({"tr"})
# How people declare in ASCII what LaTeX has as a Greek letter.
SHORT: Final = {"epsilon": "eps", "lambda": "lam"}
