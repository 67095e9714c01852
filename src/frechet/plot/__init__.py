"""Pictures of functions and their derivatives.

Each kind computes its data first, without matplotlib (arrows, heights, axes of an ellipse: what the tests look at), and
draws them second. `kinds.picture` is the entrance; `fr.plot(f, kind, at=...)` and `f.plot(kind, at=...)` call it.
"""
