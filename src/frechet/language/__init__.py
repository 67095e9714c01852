"""Text to typed trees.

tree          the surface tree, input and output alike       precedence   the one table of levels, parser and printers
tokens        text to tokens; characters refused             text         `parse_text`: tokens to an untyped Tree
numbers       literals and their arithmetic, within limits   mistakes     known mistakes of writing and their help
declarations  `declare`: shapes, facts, domains, relations   spell        suggestions for misspelled names
scopes        typing order and the meaning of names          unify        sizes with unknowns, made equal
typed         the type of a subtree while sizes are open     rules        the shape rule of each construction
calls         functions: types by unification of signatures  clash        the errors of shape and name
infer         kinds of undeclared names, by use and letter   naming       names for sizes that were inferred
shapes        `elaborate`: typed tree, complete declarations  lower        typed Tree to core Node
"""
