"""The numeric check of every answer."""

from frechet.verify.check import Question, Verification, check_derivative, verify

__all__ = ["Question", "Verification", "check_derivative", "verify"]
