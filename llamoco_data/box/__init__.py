"""The confined side of a stranger's program: what its process is made of, without problems, optima or evaluators.

Its modules run in processes that load neither the package's own start nor anything else of the project but `outcomes`,
`texts`, `silence`, `threads` and `identity`.
"""
