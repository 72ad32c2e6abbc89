"""The vocabulary of the house: what is said between the engine, the channels and the record.

Standard library only. Every type here is immutable and JSON-safe.
"""
