"""Samples decoded once into memory-mapped stores, from which batches are gathered."""

from ganzoo.data.cache.places import CACHE_VARIABLE, cache_folder
from ganzoo.data.cache.store import Store, open_store, open_stores, skip_note

__all__ = ["CACHE_VARIABLE", "Store", "cache_folder", "open_store", "open_stores", "skip_note"]
