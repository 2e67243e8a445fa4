"""The way in: sources, contexts, values, the gate and the ledger."""
