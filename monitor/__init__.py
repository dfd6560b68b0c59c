"""What people and machines may see: spills, ledger, metrics, page, collector."""
