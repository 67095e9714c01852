"""What a function does near a point: models, directions, contributions, kinks.

`Local` is the entrance (`fr.local(f, at=...)`, `f.local(at=...)`); everything a picture or a report shows comes from
it. The room works on anything that has values: a symbolic function (closed forms), or any Python function
(frechet.numeric).
"""
