"""Code in the idiom of a language: readable from a Tree, or from the plan in C, Julia and MATLAB."""
