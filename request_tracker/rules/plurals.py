"""English words in the singular: what a document calls a thing, and what a person who asks for it does."""

from functools import lru_cache

_IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "indices": "index", "matrices": "matrix",
    "vertices": "vertex", "analyses": "analysis", "bases": "base", "movies": "movie", "cookies": "cookie",
    "databases": "database", "caches": "cache", "aliases": "alias", "quizzes": "quiz", "criteria": "criterion",
    "data": "data", "media": "media", "news": "news", "series": "series", "species": "species", "status": "status",
    "bus": "bus", "gas": "gas", "lens": "lens", "axes": "axis", "leaves": "leaf", "lives": "life", "shelves": "shelf",
    "statistics": "statistics", "analytics": "analytics", "metrics": "metric", "sms": "sms", "dns": "dns", "aws": "aws",
    "https": "https", "css": "css", "js": "js", "os": "os", "ids": "id",
}  # fmt: skip


@lru_cache(maxsize=20_000)
def singular(word: str) -> str:
    """invoices → invoice, categories → category, addresses → address; what is no plural stays."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "zzes", "ches", "shes")):
        return word[:-2]
    if word.endswith("uses") and word[-5:] not in ("ouses", "auses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2 else word
