"""The Hugging Face Hub: naming, loading and publishing weights.

Whatever is loaded is resolved to one commit and fetched at it, file by file, and nothing that a
repository holds is trusted (`ganzoo.weights.loading`). Publishing is one commit.
"""
