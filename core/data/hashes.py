"""Hashes that find the same image twice: exact on pixels, and perceptual."""

from __future__ import annotations

import hashlib

import numpy as np
from PIL import Image

BITS = 256
# Of 256 bits. No pair of two classes is this near in any archive at hand, while neighbouring
# slices of one brain may be farther: the audit shows how much the limit matters.
NEAR = 12


def pixel_hash(pixels: np.ndarray) -> str:
    """sha256 of decoded pixels and their shape, whatever the file around them."""
    header = f"{pixels.shape}{pixels.dtype}".encode()
    return hashlib.sha256(header + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def perceptual_hash(pixels: np.ndarray) -> np.ndarray:
    """256-bit DCT hash (Zauner 2010, section 3.2.1, with 16×16 coefficients), (32,) uint8.

    Robust to resizing, re-encoding and small changes of brightness.
    """
    from scipy.fft import dctn  # pages load this module and seldom hash

    grey = Image.fromarray(pixels.squeeze()).convert("L").resize((64, 64))
    low = dctn(np.asarray(grey, dtype=np.float32), norm="ortho")[:16, :16].ravel()
    return np.packbits(low > np.median(low[1:]))


def near_pairs(hashes: np.ndarray, limit: int = NEAR, chunk: int = 256) -> np.ndarray:
    """Pairs (i < j) whose perceptual hashes differ in at most `limit` bits.

    Args:
        hashes: (N, 32) uint8.
        limit: Hamming distance in bits.
        chunk: rows compared at a time, to bound memory.

    Returns:
        (P, 2) int64.
    """
    words = np.ascontiguousarray(hashes).view(np.uint64)  # (N, 4)
    found = []
    for start in range(0, len(words), chunk):
        rows = words[start : start + chunk, None, :]
        distance = np.bitwise_count(rows ^ words[None, start:, :]).sum(-1)
        i, j = np.nonzero(distance <= limit)
        keep = i < j
        found.append(np.stack([i[keep] + start, j[keep] + start], 1))
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def groups(n: int, pairs: np.ndarray) -> np.ndarray:
    """Connected components of a graph of n nodes and (P, 2) edges: one group id per node."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1]


def same_pairs(keys: list[str | None]) -> np.ndarray:
    """Pairs that chain all positions with the same key (None joins nothing), (P, 2) int64."""
    last: dict[str, int] = {}
    found = []
    for position, key in enumerate(keys):
        if key is None:
            continue
        if key in last:
            found.append((last[key], position))
        last[key] = position
    return np.array(found, dtype=np.int64).reshape(-1, 2)
