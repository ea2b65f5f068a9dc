"""The hashing embedder: deterministic, unit rows, shared words are near."""

import numpy as np

from cds_service.retrieval.embedder import HashingEmbedder


def test_rows_are_unit_length_and_the_same_every_time():
    rows = HashingEmbedder().embed_passages(["chest pain in adults", "blood pressure"])
    assert rows.shape == (2, 512)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.array_equal(rows, HashingEmbedder().embed_queries(["chest pain in adults", "blood pressure"]))


def test_shared_words_are_nearer_than_other_words():
    query, near, far = HashingEmbedder().embed_passages(["chest pain", "acute chest pain in adults", "urine culture"])
    assert query @ near > 0.5 > 0.2 > query @ far


def test_text_without_words_is_near_to_nothing():
    assert not HashingEmbedder().embed_queries(["…", ""]).any()


def test_embedders_of_other_dimensions_have_other_ids():
    assert HashingEmbedder(64).id != HashingEmbedder(128).id
