"""Derivations: how a teacher would reach an answer, by named rules, every step checked before it is shown."""
