"""Derivatives as code."""

from frechet.compile.languages.numpy import jax_source, numpy_function, numpy_source, torch_source

__all__ = ["jax_source", "numpy_function", "numpy_source", "torch_source"]
