"""Run: `python -m tests` in infra/local (`cargo xtask test` does).

For each patch two tests: the gap without it, and its closing. When the first kind fails after an upgrade of
MiniStack, the patch is no longer needed.
"""
