"""Tests of the audit: what is found, and what is not."""
