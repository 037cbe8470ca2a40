"""Sources of one's own: folders, archives, manifests, arrays, and datasets of Python."""
