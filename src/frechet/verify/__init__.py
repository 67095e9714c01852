"""The numeric check of every answer."""

from frechet.verify.check import Question, Verification, check_derivative, verify
from frechet.verify.orders import verify_orders

__all__ = ["Question", "Verification", "check_derivative", "verify", "verify_orders"]
