"""Fuzzing: real inputs, spoilt at random (`make fuzz FUZZ_SECONDS=600`)."""
