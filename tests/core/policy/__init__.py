"""Tests of documents: reading, decoding, checking."""
