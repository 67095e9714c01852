"""Formulas rewritten by named rules so that nothing overflows or cancels, and the functions this needs."""
